import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'

/** LevelDB 1.20 as classic-level builds it, over damage of a table's index (docs/crash-safety.md). Nothing is said wrongly. */
export const abortedByLevel = 'aborted by LevelDB'

/**
 * A process of its own that says what users get from damaged stores, one after the other; where it ends instead of answering, with
 * LevelDB's assertion as its last word, the next answer comes from another one.
 */
export class DamagedElsewhere {
  #child: ChildProcess | null = null
  #said = ''

  async answer(location: string, expected: unknown): Promise<string> {
    const child = (this.#child ??= this.#begin())
    const over = new AbortController()
    const answered = once(child, 'message', over).then(([answer]) => String(answer))
    const ended = once(child, 'close', over).then(([, signal]) => {
      this.#child = null
      return signal === 'SIGABRT' && this.#said.includes('Assertion `')
        ? abortedByLevel
        : `ENDED by ${signal}: ${this.#said}`
    })
    child.send({ location, expected })
    try {
      return await Promise.race([answered, ended])
    } finally {
      over.abort()
    }
  }

  end(): void {
    this.#child?.kill('SIGKILL')
    this.#child = null
  }

  #begin(): ChildProcess {
    const script = new URL('damaged-worker.js', import.meta.url)
    const child = fork(script, { serialization: 'advanced', silent: true })
    this.#said = ''
    child.stderr?.on('data', (chunk: Buffer) => (this.#said += chunk.toString()))
    return child
  }
}

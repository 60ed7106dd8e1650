import { isColumbaError } from '../errors.js'
import type { HistoryOperation, SendOperation } from './history.js'

type Sent = Omit<SendOperation, 'kind' | 'call' | 'end' | 'outcome'>

/** Writes down what the clients do and see, with one logical clock for all of them. */
export class Recorder {
  readonly operations: HistoryOperation[] = []
  #now = 0

  tick(): number {
    this.#now += 1
    return this.#now
  }

  /**
   * Makes one attempt to send; `call` is made in this very step, so the order of the attempts is that of the calls. With
   * `patient: false` the client does not wait for the answer. Resolves with what the client knows then.
   */
  async send(
    sent: Sent,
    patient: boolean,
    call: () => Promise<{ readonly seq: number; readonly timestamp: number; readonly duplicate: boolean }>,
  ): Promise<SendOperation['outcome']> {
    const called = this.tick()
    const answer = call().then(
      ({ seq, timestamp, duplicate }) => ({ kind: 'acknowledged', seq, timestamp, duplicate }) as const,
      outcomeOf,
    )
    const outcome = patient ? await answer : ({ kind: 'unknown' } as const)
    const end = outcome.kind === 'unknown' ? Infinity : this.tick()
    this.operations.push({ kind: 'send', ...sent, call: called, end, outcome })
    return outcome
  }

  /** A call that only looks: what it gives is written down when it has answered. Null if the store was closed meanwhile. */
  async look<T>(
    task: () => Promise<T>,
  ): Promise<{ readonly call: number; readonly end: number; readonly seen: T } | null> {
    const call = this.tick()
    try {
      const seen = await task()
      return { call, end: this.tick(), seen }
    } catch (error) {
      if (isColumbaError(error, 'CLOSED')) return null
      throw error
    }
  }
}

/** Whatever is not `unknown` is a promise that nothing was stored. What is no error of the library is a fault of the test. */
function outcomeOf(error: unknown): SendOperation['outcome'] {
  if (!isColumbaError(error)) throw error
  return error.kind === 'unknown' ? { kind: 'unknown' } : { kind: 'refused', code: error.code }
}

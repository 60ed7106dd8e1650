import { once } from 'node:events'
import { Worker } from 'node:worker_threads'

/**
 * Calls back every so many milliseconds, also for fractions of one, of which no timer of the event loop is capable. A thread
 * sleeps meanwhile: a loop that looks at the clock in each turn would take a whole processor away from what is measured.
 */
export class Ticker {
  readonly #thread: Worker

  private constructor(thread: Worker) {
    this.#thread = thread
  }

  /** Resolves with the first tick, which is not told. */
  static async start(everyMs: number, onTick: () => void): Promise<Ticker> {
    const thread = new Worker(new URL('ticker-thread.js', import.meta.url), { workerData: everyMs })
    await once(thread, 'message')
    thread.on('message', onTick)
    return new Ticker(thread)
  }

  async stop(): Promise<void> {
    await this.#thread.terminate()
  }
}

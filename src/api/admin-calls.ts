import type { Backend, StoreStats, VerifyOptions, VerifyReport } from '../backend/port.js'
import { checkFields, invalid } from './arguments.js'
import type { Calls } from './calls.js'

/** `store.admin`. `Stats` is what the backend says of itself: `LocalStats` where `openMessageStore` has opened the store. */
export class AdminCalls<Stats extends StoreStats = StoreStats> {
  readonly #backend: Backend<Stats>
  readonly #calls: Calls

  constructor(backend: Backend<Stats>, calls: Calls) {
    this.#backend = backend
    this.#calls = calls
  }

  /**
   * Whether writes are accepted at this moment (`writes`), and numbers about the store, grouped by part: sums since the opening,
   * and sizes of now. docs/guide.md lists them.
   */
  stats(): Promise<Stats> {
    return this.#calls.run(() => this.#backend.stats())
  }

  /** Makes the log up to now unnecessary, so that the next opening has nothing to recover of it. Happens by itself, too. */
  checkpoint(): Promise<void> {
    return this.#calls.run(() => this.#backend.checkpoint())
  }

  /**
   * Reads everything and checks it against itself. Changes nothing; what it finds is in the report. What `onProgress` throws is
   * ignored.
   */
  verify(options?: VerifyOptions): Promise<VerifyReport> {
    return this.#calls.run(() => {
      const { onProgress = () => undefined } = checkFields(options, 'options', ['onProgress'])
      if (typeof onProgress !== 'function') throw invalid('onProgress', 'must be a function')
      return this.#backend.verify({ onProgress: quiet(onProgress as Listener) })
    })
  }
}

type Listener = NonNullable<VerifyOptions['onProgress']>

/** What a listener throws is no reason to end what it is told of. */
function quiet(listener: Listener): Listener {
  return (done) => {
    // As with a logger; it may be one that says so later.
    new Promise((resolve) => resolve(listener(done))).catch(() => undefined)
  }
}

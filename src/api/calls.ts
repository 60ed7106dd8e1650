import type { MaybePromise } from '../backend/port.js'
import type { DomainContext } from '../domain/context.js'
import type { Limits } from '../limits.js'

/**
 * How a call runs: only while the store is open, and whatever it throws is a rejection. `sendMessage` does the same by itself, in
 * straight code; `subscribe`, which gives no promise, throws.
 */
export class Calls {
  readonly #context: DomainContext

  constructor(context: DomainContext) {
    this.#context = context
  }

  /** Arguments are checked in `call`, before anything is awaited; closing waits for what it began. */
  run<T>(call: (limits: Limits) => MaybePromise<T>): Promise<T> {
    return this.handOver((limits) => {
      const result = call(limits)
      return result instanceof Promise ? this.#context.lifecycle.accept(result) : result
    })
  }

  /**
   * The same for a call that has told the lifecycle of its promise where closing must wait for it: the promise comes back as it
   * is.
   */
  handOver<T>(call: (limits: Limits) => MaybePromise<T>): Promise<T> {
    try {
      const { lifecycle, limits } = this.#context
      lifecycle.assertOpen()
      const result = call(limits)
      return result instanceof Promise ? result : Promise.resolve(result)
    } catch (error) {
      return Promise.reject(error)
    }
  }
}

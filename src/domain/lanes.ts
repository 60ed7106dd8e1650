import { SerialQueue } from '../async/serial-queue.js'
import { MOVED } from '../backend/port.js'
import type { Backend, ConversationHandle, MaybePromise, Moved } from '../backend/port.js'
import { ColumbaError } from '../errors.js'
import type { Limits } from '../limits.js'
import type { UserId } from '../model/ids.js'

/** What a decision about a write came to: the answer itself, or a write that was handed to the backend. */
export type Decision<T> = { readonly answer: T } | { readonly handed: Promise<T | Moved> }

/** How often a write is decided again before others are believed to be writing too fast. */
export const maxMoves = 1000

/**
 * Every change belongs to one lane, that of a conversation or that of a user, and a lane does one thing after the other.
 * A lane is entered in the call itself, before anything is awaited, so things happen in the order of the calls. It
 * exists only while something is in it.
 */
export class Lanes {
  readonly #backend: Backend
  readonly #limits: Limits
  readonly #users = new Map<UserId, SerialQueue>()
  /** True if a lane may be left as soon as a write is handed over, because no other writer can get in between. */
  readonly #pipelined: boolean
  #calls = 0
  #bytes = 0

  constructor(backend: Backend, limits: Limits) {
    this.#backend = backend
    this.#limits = limits
    this.#pipelined = backend.capabilities.moved === 'never'
  }

  /**
   * Decides on a write to a conversation when everything before it is decided, and hands it over. `decide` is called
   * with the conversation loaded on behalf of `viewer`; where the write moved, it is loaded and decided again. `bytes`
   * is what the call keeps in memory while it waits. Rejects with OVERLOADED when too much is waiting.
   */
  write<T>(
    handle: ConversationHandle,
    viewer: UserId,
    decide: () => MaybePromise<Decision<T>>,
    bytes = 0,
  ): Promise<T> {
    if (this.#isFull(bytes)) return this.#refuse()
    return this.#enter(
      this.#conversationLane(handle),
      (resolve, reject) => {
        const loaded = this.#backend.load(handle, viewer)
        if (this.#pipelined && loaded === undefined) {
          // Nothing to wait for: the next in the lane is decided in the same tick.
          const decision = decide()
          if (!(decision instanceof Promise)) {
            settle(decision, resolve)
            return undefined
          }
          return decision.then((made) => settle(made, resolve)).catch(reject)
        }
        return this.#decide(handle, viewer, decide, loaded).then((made) => settle(made, resolve), reject)
      },
      bytes,
    )
  }

  /** Holds the lane of a conversation until `task` is done. The conversation is not loaded for it. */
  run<T>(handle: ConversationHandle, task: () => MaybePromise<T>): Promise<T> {
    if (this.#isFull(0)) return this.#refuse()
    return this.#enter(this.#conversationLane(handle), holding(task), 0)
  }

  /** Like `run`, for a call that only looks: never refused, and no reason to refuse others. */
  look<T>(handle: ConversationHandle, task: () => MaybePromise<T>): Promise<T> {
    return this.#enter(this.#conversationLane(handle), holding(task), 0, 0)
  }

  /** Holds the lane of a user until `task` is done. */
  user<T>(user: UserId, task: () => MaybePromise<T>): Promise<T> {
    if (this.#isFull(0)) return this.#refuse()
    let lane = this.#users.get(user)
    if (lane === undefined) {
      lane = new SerialQueue(() => this.#users.delete(user))
      this.#users.set(user, lane)
    }
    return this.#enter(lane, holding(task), 0)
  }

  #conversationLane(handle: ConversationHandle): SerialQueue {
    if (handle.lane === null) {
      handle.lane = new SerialQueue(() => {
        handle.lane = null
      })
    }
    return handle.lane as SerialQueue
  }

  async #decide<T>(
    handle: ConversationHandle,
    viewer: UserId,
    decide: () => MaybePromise<Decision<T>>,
    loaded: MaybePromise<void>,
  ): Promise<Decision<T>> {
    await loaded
    for (let moves = 0; moves < maxMoves; moves += 1) {
      const decision = await decide()
      if (this.#pipelined || 'answer' in decision) return decision
      const outcome = await decision.handed
      if (outcome !== MOVED) return { answer: outcome }
      await this.#backend.load(handle, viewer)
    }
    throw movedTooOften()
  }

  /** IMPORTANT: asked before a lane is made: one that nothing enters would never go. */
  #isFull(bytes: number): boolean {
    const { queueCalls, queueBytes } = this.#limits
    return this.#calls >= queueCalls || this.#bytes + bytes > queueBytes
  }

  #refuse(): Promise<never> {
    return Promise.reject(new ColumbaError('OVERLOADED', 'too much is waiting', { waiting: this.#calls }))
  }

  #enter<T>(
    lane: SerialQueue,
    work: (
      resolve: (value: T | Promise<T>) => void,
      reject: (error: unknown) => void,
    ) => Promise<void> | undefined,
    bytes: number,
    calls = 1,
  ): Promise<T> {
    this.#calls += calls
    this.#bytes += bytes
    return new Promise((resolve, reject) => {
      const done = (): void => {
        this.#calls -= calls
        this.#bytes -= bytes
      }
      lane.push(() => {
        try {
          const waits = work(resolve, reject)
          if (waits !== undefined) return waits.then(done)
        } catch (error) {
          reject(error)
        }
        done()
        return undefined
      })
    })
  }
}

/** The error after `maxMoves` in a row: nothing was stored. */
export function movedTooOften(): ColumbaError {
  return new ColumbaError('OVERLOADED', 'others write to this conversation faster than it can be followed')
}

function settle<T>(decision: Decision<T>, resolve: (value: T | Promise<T>) => void): void {
  // A handed write that could move was awaited before it came here.
  resolve('answer' in decision ? decision.answer : (decision.handed as Promise<T>))
}

function holding<T>(task: () => MaybePromise<T>) {
  return (resolve: (value: T) => void, reject: (error: unknown) => void): Promise<void> | undefined => {
    const result = task()
    if (result instanceof Promise) return result.then(resolve, reject)
    resolve(result)
    return undefined
  }
}

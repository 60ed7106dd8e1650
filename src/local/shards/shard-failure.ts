import { ColumbaError } from '../../errors.js'

/**
 * The first failure of a write or a checkpoint, for all shards of a store together. It stays: after a rejected write
 * LevelDB accepts later ones and loses them, so nothing is ever written again through these handles. Everything that a
 * shard lacks is in the log, and opening the store again puts it there.
 */
export class ShardFailure {
  #error: ColumbaError | null = null
  readonly #onFailure: (error: ColumbaError) => void
  readonly #watchers: (() => void)[] = []

  /** `onFailure` is called once, with an error of the code POISONED. */
  constructor(onFailure: (error: ColumbaError) => void) {
    this.#onFailure = onFailure
  }

  get error(): ColumbaError | null {
    return this.#error
  }

  /** Returns the failure that counts: the first. */
  fail(shard: number, what: string, cause: unknown): ColumbaError {
    if (this.#error !== null) return this.#error
    const message = `${what} shard ${shard} failed; close the store and open it again`
    const error = new ColumbaError('POISONED', message, { shard }, cause)
    this.adopt(error)
    this.#onFailure(error)
    return error
  }

  /** A failure that `onFailure` need not be told of. */
  adopt(error: ColumbaError): void {
    if (this.#error !== null) return
    this.#error = error
    for (const watcher of this.#watchers) watcher()
  }

  /** `watcher` runs when it happens, before `onFailure`. */
  watch(watcher: () => void): void {
    this.#watchers.push(watcher)
  }

  throwIfFailed(): void {
    if (this.#error !== null) throw this.#error
  }
}

/** What a store answers once its shards, or what writes to them, have failed. */
export function shardsPoisoned(error: unknown): ColumbaError {
  const cause = error instanceof ColumbaError && error.code === 'POISONED' ? error.cause : error
  const message = 'the shards could not be written; the store takes no more writes until it is opened again'
  return new ColumbaError('POISONED', message, {}, cause)
}

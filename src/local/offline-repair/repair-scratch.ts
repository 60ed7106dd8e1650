import type { SortedRows } from '../repair/sorted-rows.js'
import type { ShardBatch, ShardDatabase, ShardOpener } from '../shards/shard-database.js'

const MiB = 1024 * 1024
const batchBytes = MiB / 4
const rowsPerBatch = 1000

/** Rows that a repair sorts, in a LevelDB of its own. It is thrown away in the end, so nothing in it has to be durable. */
export class RepairScratch implements SortedRows {
  readonly #database: ShardDatabase
  #batch: ShardBatch | null = null
  #bytes = 0
  #writing: Promise<void> = Promise.resolve()

  private constructor(database: ShardDatabase) {
    this.#database = database
  }

  static async open(opener: ShardOpener, directory: string): Promise<RepairScratch> {
    const options = {
      create: true,
      writeBufferBytes: 16 * MiB,
      blockCacheBytes: 8 * MiB,
      compression: true,
    }
    return new RepairScratch(await opener(directory, options))
  }

  put(key: Buffer, value: Uint8Array): void {
    this.#batch ??= this.#database.batch()
    this.#batch.put(key, Buffer.from(value))
    this.#bytes += key.length + value.length
    if (this.#bytes >= batchBytes) this.#handOver()
  }

  async settle(): Promise<void> {
    this.#handOver()
    await this.#writing
  }

  get(key: Buffer): Promise<Buffer | undefined> {
    return this.#database.get(key, {})
  }

  async *range(gte: Buffer, lt: Buffer): AsyncGenerator<readonly [key: Buffer, value: Buffer]> {
    const iterator = this.#database.iterator({
      gte,
      lt,
      reverse: false,
      limit: Infinity,
      fillCache: false,
      highWaterMarkBytes: MiB,
    })
    try {
      for (;;) {
        const rows = await iterator.nextv(rowsPerBatch)
        if (rows.length === 0) return
        yield* rows
      }
    } finally {
      await iterator.close()
    }
  }

  async close(): Promise<void> {
    await this.settle().catch(() => undefined)
    await this.#database.close()
  }

  #handOver(): void {
    const batch = this.#batch
    if (batch === null) return
    this.#batch = null
    this.#bytes = 0
    this.#writing = this.#writing.then(() => batch.write())
    // Whoever settles hears of it.
    this.#writing.catch(() => undefined)
  }
}

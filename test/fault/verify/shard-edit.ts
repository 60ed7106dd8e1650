import { ClassicLevel } from 'classic-level'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { ByteWriter } from '../../../src/formats/bytes.js'
import { writeDirectKey } from '../../../src/formats/conversation-name.js'
import { describeKey, type Family } from '../../../src/formats/keys.js'
import { sealBytes, sealValue } from '../../../src/formats/sealed-value.js'

export interface StoredRow {
  readonly shard: number
  readonly key: Buffer
  /** Without its seal. */
  readonly payload: Buffer
  readonly kind: 'user' | 'group'
  /** The partition's id. */
  readonly id: string
  readonly prefixLength: number
  readonly family: Family
}

/** An id as keys have it. */
export function inKey(id: string): Buffer {
  const writer = new ByteWriter()
  return writeDirectKey(writer, id) ? writer.finish() : Buffer.from(id)
}

/** Reads and changes the rows of a closed store behind its back. */
export class ShardEdit {
  readonly #databases: readonly ClassicLevel<Buffer, Buffer>[]

  private constructor(databases: readonly ClassicLevel<Buffer, Buffer>[]) {
    this.#databases = databases
  }

  /** Closes the databases when `edit` has ended. */
  static async of<T>(location: string, edit: (shards: ShardEdit) => Promise<T>): Promise<T> {
    const names = (await readdir(join(location, 'shards'))).sort()
    // What lies in a table can then be changed in its place.
    const options = { keyEncoding: 'buffer', valueEncoding: 'buffer', compression: false }
    const databases = names.map(
      (name) => new ClassicLevel<Buffer, Buffer>(join(location, 'shards', name), options),
    )
    try {
      for (const database of databases) await database.open()
      return await edit(new ShardEdit(databases))
    } finally {
      for (const database of databases) await database.close()
    }
  }

  async rows(wanted: (row: StoredRow) => boolean = () => true): Promise<StoredRow[]> {
    const rows: StoredRow[] = []
    for (const [shard, database] of this.#databases.entries()) {
      for await (const [key, value] of database.iterator()) {
        const described = describeKey(key)
        if (described === null) continue
        const { kind, owner: id, prefixLength, family } = described
        const payload = value.subarray(0, value.length - sealBytes)
        const row = { shard, key, payload, kind, id, prefixLength, family }
        if (wanted(row)) rows.push(row)
      }
    }
    return rows
  }

  /** The only row of a family in a partition whose key ends so; fails if there are several or none. */
  async row(family: Family, id: string, suffix: string | Buffer = ''): Promise<StoredRow> {
    const end = typeof suffix === 'string' ? inKey(suffix) : suffix
    const found = await this.rows(
      (row) =>
        row.family === family && row.id === id && row.key.subarray(row.key.length - end.length).equals(end),
    )
    const [only] = found
    if (only === undefined || found.length > 1) throw new Error(`${found.length} rows of ${family} of ${id}`)
    return only
  }

  /** Writes a payload with a seal that fits. */
  async put({ shard, key }: { shard: number; key: Buffer }, payload: Buffer): Promise<void> {
    await this.#databases[shard]?.put(key, sealValue(key, payload))
  }

  async putRaw({ shard, key }: { shard: number; key: Buffer }, value: Buffer): Promise<void> {
    await this.#databases[shard]?.put(key, value)
  }

  /** Lets go of what was written over. */
  async compact(): Promise<void> {
    for (const database of this.#databases)
      await database.compactRange(Buffer.alloc(0), Buffer.alloc(9, 0xff))
  }

  async del({ shard, key }: { shard: number; key: Buffer }): Promise<void> {
    await this.#databases[shard]?.del(key)
  }
}

interface RowCodec<T> {
  encode(value: T): Buffer
  decode(payload: Buffer): T
}

/** An edit that changes some fields of a row: its codec, which row it is as `ShardEdit.row` wants it, and the fields. */
export function changeRow<T extends object>(
  codec: RowCodec<T>,
  which: Readonly<Parameters<ShardEdit['row']>>,
  change: (value: T) => Partial<T>,
): (shards: ShardEdit) => Promise<void> {
  return async (shards) => {
    const row = await shards.row(...which)
    const value = codec.decode(row.payload)
    await shards.put(row, codec.encode({ ...value, ...change(value) }))
  }
}

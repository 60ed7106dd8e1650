import { ByteReader } from '../../formats/bytes.js'
import { isDamage } from '../../platform/system-errors.js'
import { crc32c, masked } from './crc32c.js'
import type { DamagedRange } from './salvaged-file.js'
import { uncompressSnappy } from './snappy.js'

/**
 * Tables of LevelDB (`*.ldb`), read without LevelDB: it aborts the process over some damage (an assertion about the length
 * of keys), and its own repair gives up a whole table where only a block is bad.
 *
 *     data blocks … | metaindex block | index block | footer: two handles, padding, magic (48 bytes in all)
 *     block:   content | compression u8 (0 none, 1 Snappy) | masked CRC-32C of both u32 LE
 *     content: entries | offsets of the restarts u32 LE each | their number u32 LE
 *     entry:   bytes shared with the key before, further bytes of the key, bytes of the value (varints) | key | value
 *     key:     of the user | sequence and kind u64 LE, kind 1 is a value, 0 a deletion
 */
const footerBytes = 48
const trailerBytes = 5
const keyTagBytes = 8
const valueKind = 1
const magic = Buffer.from('57fb808b247547db', 'hex')
/** How far the end of a block is looked for when no index says it. */
const maxBlockBytes = 4 << 20

export type LevelRow = readonly [key: Buffer, value: Buffer]

/** A table of which no more is in memory than somebody looks at. */
export interface TableBytes {
  readonly size: number
  /** So many bytes, or fewer at the end of the file. */
  read(offset: number, length: number): Promise<Buffer>
}

interface Handle {
  readonly offset: number
  readonly size: number
}

interface Blocks {
  /** Those with rows. */
  readonly data: readonly Handle[]
  /** What tells LevelDB which of them to read, and whether to read one at all, is as it was written. */
  readonly isIndexSound: boolean
}

export interface ReadTable {
  readonly rows: LevelRow[]
  readonly damaged: DamagedRange[]
  /** Nothing is wrong with blocks that hold no rows either: a damaged filter makes LevelDB overlook rows that are there. */
  readonly sound: boolean
}

/** All values of a table whose blocks are whole, old ones and deleted ones as well; and what could not be read. */
export async function readTable(file: Buffer): Promise<ReadTable> {
  const rows: LevelRow[] = []
  const damaged: DamagedRange[] = []
  const blocks = await blocksOf(inMemory(file))
  if (blocks === null) {
    const end = readInSequence(file, rows)
    damaged.push({ offset: end, length: file.length - end })
    return { rows, damaged, sound: false }
  }
  for (const handle of blocks.data) {
    const content = blockAt(file, handle)
    if (content === null || !addRows(content, rows))
      damaged.push({ offset: handle.offset, length: handle.size + trailerBytes })
  }
  return { rows, damaged, sound: blocks.isIndexSound && damaged.length === 0 }
}

/** Those of the first block: no key of the table comes before theirs. */
export async function firstRows(table: TableBytes): Promise<LevelRow[]> {
  const rows: LevelRow[] = []
  const known = (await blocksOf(table))?.data[0]?.size
  const bytes = await table.read(0, (known ?? maxBlockBytes) + trailerBytes)
  const size = known ?? sizeOfBlock(bytes, 0)
  const content = size === null ? null : blockAt(bytes, { offset: 0, size })
  if (content !== null) addRows(content, rows)
  return rows
}

/**
 * Whether everything of a table is as it was written. LevelDB takes all of it on trust, without a look at the checksums. Rows
 * have seals of their own, but what stands around them has none: with a bit less in a filter LevelDB looks over rows that are
 * there, and with a wrong restart in a block it does not find them, though whoever reads them one after the other meets nothing
 * wrong. The blocks are read in the order in which they lie, one at a time.
 */
export async function isTableSound(table: TableBytes): Promise<boolean> {
  const blocks = await blocksOf(table)
  if (blocks?.isIndexSound !== true) return false
  const areSound = await unlessDamaged(async () => {
    for (const handle of blocks.data) if ((await sealedBytes(table, handle)) === null) return false
    return true
  })
  return areSound ?? false
}

/** Null if footer or index are damaged. */
function blocksOf(table: TableBytes): Promise<Blocks | null> {
  return unlessDamaged(async () => {
    const footer = readFooter(await table.read(Math.max(0, table.size - footerBytes), footerBytes))
    const index = footer === null ? null : await blockOf(table, footer.index)
    if (footer === null || index === null) return null
    return { data: handlesIn(index), isIndexSound: await areFiltersSound(table, footer.meta) }
  })
}

async function areFiltersSound(table: TableBytes, meta: Handle): Promise<boolean> {
  const areSound = await unlessDamaged(async () => {
    const content = await blockOf(table, meta)
    if (content === null) return false
    for (const handle of handlesIn(content)) if ((await blockOf(table, handle)) === null) return false
    return true
  })
  return areSound ?? false
}

/** Null where bytes make no sense, or the disk does not give them; what says nothing of the table is thrown. */
async function unlessDamaged<T>(read: () => Promise<T>): Promise<T | null> {
  try {
    return await read()
  } catch (error) {
    if (error instanceof RangeError || isDamage(error)) return null
    throw error
  }
}

const inMemory = (file: Buffer): TableBytes => ({
  size: file.length,
  read: (offset, length) => Promise.resolve(file.subarray(offset, offset + length)),
})

/** Null if it is none. */
function readFooter(footer: Buffer): { meta: Handle; index: Handle } | null {
  if (footer.length < footerBytes || !footer.subarray(footerBytes - magic.length).equals(magic)) return null
  const r = new ByteReader(footer)
  return { meta: readHandle(r), index: readHandle(r) }
}

function handlesIn(content: Buffer): Handle[] {
  return entriesOf(content).map(([, value]) => readHandle(new ByteReader(value)))
}

function readHandle(r: ByteReader): Handle {
  return { offset: r.varint(), size: r.varint() }
}

/** A block with its trailer, if its checksum fits. */
async function sealedBytes(table: TableBytes, { offset, size }: Handle): Promise<Buffer | null> {
  // A damaged handle may say anything: what it says is held against the file before memory is taken for it.
  if (offset + size + trailerBytes > table.size) return null
  const bytes = await table.read(offset, size + trailerBytes)
  return isSealed(bytes, { offset: 0, size }) ? bytes : null
}

/** The content of a block whose checksum fits. */
async function blockOf(table: TableBytes, handle: Handle): Promise<Buffer | null> {
  const bytes = await sealedBytes(table, handle)
  return bytes === null ? null : contentOf(bytes, 0, handle.size)
}

/** The same of a file that is in memory. */
function blockAt(file: Buffer, handle: Handle): Buffer | null {
  return isSealed(file, handle) ? contentOf(file, handle.offset, handle.offset + handle.size) : null
}

function isSealed(file: Buffer, { offset, size }: Handle): boolean {
  const end = offset + size
  return (
    end + trailerBytes <= file.length && masked(crc32c(file, offset, end + 1)) === file.readUInt32LE(end + 1)
  )
}

function contentOf(file: Buffer, start: number, end: number): Buffer | null {
  const content = file.subarray(start, end)
  try {
    return file[end] === 0 ? content : uncompressSnappy(content)
  } catch {
    return null
  }
}

/** Throws where the bytes make no sense. */
function entriesOf(content: Buffer): LevelRow[] {
  const entries: LevelRow[] = []
  const restarts = content.readUInt32LE(content.length - 4)
  const r = new ByteReader(content, 0, content.length - 4 - 4 * restarts)
  let key = Buffer.alloc(0)
  while (r.left > 0) {
    const shared = r.varint()
    const more = r.varint()
    const length = r.varint()
    if (shared > key.length) throw new RangeError('an entry shares more than there is')
    key = Buffer.concat([key.subarray(0, shared), r.raw(more)])
    entries.push([key, r.raw(length)])
  }
  return entries
}

function addRows(content: Buffer, rows: LevelRow[]): boolean {
  try {
    for (const [key, value] of entriesOf(content)) {
      const end = key.length - keyTagBytes
      if (end >= 0 && key[end] === valueKind) rows.push([key.subarray(0, end), value])
    }
    return true
  } catch {
    return false
  }
}

/** Without an index: a block ends where its checksum says so. Returns where the first one begins that does not. */
function readInSequence(file: Buffer, rows: LevelRow[]): number {
  const sizes = new Map<number, number>()
  let start = 0
  for (;;) {
    const size = sizeOfBlock(file, start)
    if (size === null) return start
    const content = blockAt(file, { offset: start, size })
    // The index may be whole, and looks like rows: it is keys with handles as values.
    if (content !== null && !isIndexOf(content, sizes)) addRows(content, rows)
    sizes.set(start, size)
    start += size + trailerBytes
  }
}

/** Whether all values of a block are handles of blocks, which are given as sizes by offset. */
function isIndexOf(content: Buffer, sizes: ReadonlyMap<number, number>): boolean {
  const isHandle = ([, value]: LevelRow): boolean => {
    const r = new ByteReader(value)
    const { offset, size } = readHandle(r)
    return r.left === 0 && sizes.get(offset) === size
  }
  try {
    const entries = entriesOf(content)
    return entries.length > 0 && entries.every(isHandle)
  } catch {
    return false
  }
}

function sizeOfBlock(file: Buffer, start: number): number | null {
  let crc = 0
  const last = Math.min(file.length - trailerBytes, start + maxBlockBytes)
  for (let end = start; end <= last; end++) {
    crc = crc32c(file, end, end + 1, crc)
    // The byte at `end` would be the kind of compression; it belongs to the sum.
    if ((file[end] as number) <= 1 && end > start && masked(crc) === file.readUInt32LE(end + 1))
      return end - start
  }
  return null
}

import { join } from 'node:path'
import type { LogStats, RecoveryReport } from '../../backend/local-stats.js'
import { ColumbaError } from '../../errors.js'
import type { SegmentEnd } from '../../formats/segment.js'
import { isLeftover, segmentName } from '../../formats/segment.js'
import type { FileSystem } from '../../platform/file-system.js'
import type { Random } from '../../platform/random.js'
import type { ChunkPool } from './chunk-pool.js'
import { scanLog } from './log-scan.js'
import type { SegmentEntry } from './log-scan.js'
import { NextSegment } from './next-segment.js'
import type { CommitLogOptions, DurableGroup, RecoveredRecords } from './options.js'
import { SegmentWriter } from './segment-writer.js'
import { settleTail } from './settle-tail.js'

/**
 * The first segment after an opening is no larger than this part of the others: it is filled with zeroes while the opener
 * waits, the next one meanwhile. A store that is opened for a few messages fills little.
 */
const firstSegmentShare = 1 / 16

/**
 * Recovers what is in the directory and begins a new segment behind it: never is a recovered one appended to.
 *
 * IMPORTANT: the end of the log is on the disk before anything is written of its records. A record that only the page cache
 * still has would else get into shards and body files, and a power cut could take it from the log alone.
 */
export async function openLogFiles(
  options: CommitLogOptions,
  recovery: RecoveredRecords,
  pool: ChunkPool,
): Promise<{ files: LogFiles; report: RecoveryReport }> {
  const { fileSystem, directory } = options
  await fileSystem.makeDirectory(directory)
  await removeLeftovers(fileSystem, directory)
  const { afterPosition, storedThrough = 0 } = recovery
  const found = await scanLog(
    options,
    { afterPosition, storedThrough, onGroup: (group) => recovery.onFound?.(group) },
    pool,
  )
  const { segments, end, endsClosed, tornBytes, records } = found
  const isSettled = end.number === 0 || (endsClosed && options.closeSucceeded !== false)
  const tornFile = isSettled ? null : await settleTail(fileSystem, directory, found)
  const from = recovery.onSettled?.() ?? afterPosition
  const again = await scanLog(
    options,
    { afterPosition: from, onGroup: (group) => recovery.onRecovered(group) },
    pool,
  )
  if (again.end.lastPosition !== end.lastPosition) {
    const file = join(directory, segmentName(end.number))
    throw new ColumbaError('CORRUPT', `${file} ends elsewhere when it is read once more`, { file })
  }
  const files = new LogFiles(options, segments)
  await files.begin(end)
  const report = {
    cleanShutdown: endsClosed,
    records,
    lastPosition: end.lastPosition,
    segments: segments.length,
    tornBytes,
    tornFile,
  }
  return { files, report }
}

async function removeLeftovers(fileSystem: FileSystem, directory: string): Promise<void> {
  const names = await fileSystem.list(directory)
  for (const name of names.filter(isLeftover)) await fileSystem.unlink(join(directory, name))
}

/** The segments of the log: one that is written, those before it, and the one to come. */
export class LogFiles {
  readonly #fileSystem: FileSystem
  readonly #directory: string
  readonly #random: Random
  readonly #storeId: Uint8Array
  readonly #segmentBytes: number
  readonly #next: NextSegment
  readonly #retired: SegmentEntry[]
  #writer: SegmentWriter | null = null
  /** Where the present segment ends. */
  #limit: number
  #rotations = 0

  constructor(options: CommitLogOptions, retired: readonly SegmentEntry[]) {
    const { fileSystem, directory, segmentBytes, preallocate = true } = options
    this.#fileSystem = fileSystem
    this.#directory = directory
    this.#random = options.random
    this.#storeId = options.storeId
    this.#segmentBytes = segmentBytes
    this.#limit = preallocate ? Math.ceil(segmentBytes * firstSegmentShare) : segmentBytes
    this.#next = new NextSegment(fileSystem, directory, segmentBytes, preallocate)
    this.#retired = [...retired]
  }

  get writer(): SegmentWriter {
    if (this.#writer === null) throw new Error('the log has no segment yet')
    return this.#writer
  }

  get stats(): Pick<LogStats, 'segments' | 'bytes' | 'rotations'> {
    const bytes = this.#retired.reduce((sum, segment) => sum + segment.bytes, this.writer.end)
    return { segments: this.#retired.length + 1, bytes, rotations: this.#rotations }
  }

  async begin(previous: SegmentEnd): Promise<void> {
    const header = {
      storeId: this.#storeId,
      number: previous.number + 1,
      epoch: Buffer.from(this.#random.bytes(4)).readUInt32LE(0),
      firstPosition: previous.lastPosition + 1,
      previous,
    }
    this.#writer = await this.#next.become(header, this.#writer === null ? this.#limit : 0)
  }

  /** Goes on to the next segment if the group does not fit into this one; keeps that one growing meanwhile. */
  async makeRoomFor(group: DurableGroup): Promise<void> {
    const end = this.writer.end + SegmentWriter.frameBytes(group)
    if (end > this.#limit && !this.writer.isEmpty) await this.#rotate()
    else this.#next.fill(end / this.#limit)
  }

  async removeThrough(position: number): Promise<void> {
    let removed = false
    for (let oldest = this.#retired[0]; oldest !== undefined && oldest.lastPosition <= position;) {
      this.#retired.shift()
      try {
        await this.#fileSystem.unlink(join(this.#directory, segmentName(oldest.number)))
      } catch (error) {
        this.#retired.unshift(oldest)
        throw error
      }
      removed = true
      oldest = this.#retired[0]
    }
    if (removed) await this.#fileSystem.syncDirectory(this.#directory)
  }

  /**
   * Marks the log as closed. If it holds nothing above `checkpoint`, a large segment goes and an empty one takes its place:
   * it would be in the way on the disk, and read at the next opening.
   */
  async markClosed(checkpoint: number): Promise<void> {
    const { end, asPrevious } = this.writer
    if (asPrevious.lastPosition <= checkpoint && end > this.#segmentBytes * firstSegmentShare) {
      await this.#rotate()
      await this.removeThrough(checkpoint)
    }
    await this.writer.close()
  }

  async release(): Promise<void> {
    await this.#next.close()
    await this.writer.release()
  }

  async #rotate(): Promise<void> {
    const full = this.writer
    // IMPORTANT: the next header says where this segment ends; whatever is before that end has to be on the disk.
    if (!full.isSynced) await full.sync()
    const end = full.asPrevious
    await this.begin(end)
    this.#retired.push({ number: end.number, lastPosition: end.lastPosition, bytes: end.validLength })
    this.#limit = this.#segmentBytes
    this.#rotations += 1
    await full.retire()
  }
}

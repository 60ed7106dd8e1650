import type { FileHandle, FileSystem } from '../../platform/file-system.js'
import { readFully } from '../../platform/whole-transfers.js'

/** A part of a file that nothing could be read from. */
export interface DamagedRange {
  readonly offset: number
  readonly length: number
}

/** What a disk has or has not: no part of one can be read where the rest cannot. */
const sectorBytes = 512
/** Each failed read can take a disk seconds; one that has failed so often is not asked for each sector any more. */
const patientFailures = 4096
const roughBytes = 1024 * 1024

/** These say something of the process, and nothing of the file. */
const ofTheProcess = new Set<unknown>(['EMFILE', 'ENFILE', 'ENOMEM', 'EACCES', 'EPERM'])

/** Rethrows what is no damage. */
export function assertDamage(error: unknown): void {
  if (ofTheProcess.has((error as NodeJS.ErrnoException).code)) throw error
}

/**
 * A file that is read for what can be salvaged of it: piece by piece, for it may be larger than memory. Sectors that cannot
 * be read are zeroes, and are named: everything has checksums, so nobody takes them for something.
 */
export class SalvagedFile {
  readonly size: number
  readonly #handle: FileHandle
  /** Lengths by offset. */
  readonly #unread = new Map<number, number>()
  #failures = 0

  private constructor(handle: FileHandle, size: number) {
    this.#handle = handle
    this.size = size
  }

  static async open(fileSystem: FileSystem, path: string): Promise<SalvagedFile> {
    const handle = await fileSystem.open(path, 'read')
    try {
      return new SalvagedFile(handle, await handle.size())
    } catch (error) {
      await handle.close()
      throw error
    }
  }

  /** What could not be read so far, in order; neighbours are one. */
  get unread(): DamagedRange[] {
    const ranges: { offset: number; length: number }[] = []
    for (const [offset, length] of [...this.#unread].sort(([a], [b]) => a - b)) {
      const last = ranges.at(-1)
      if (last === undefined || last.offset + last.length < offset) ranges.push({ offset, length })
      else last.length = Math.max(last.length, offset + length - last.offset)
    }
    return ranges
  }

  /** So many bytes, or fewer at the end of the file. */
  async read(offset: number, length: number): Promise<Buffer> {
    const bytes = Buffer.alloc(Math.max(0, Math.min(length, this.size - offset)))
    await this.#fill(bytes, offset)
    return bytes
  }

  close(): Promise<void> {
    return this.#handle.close()
  }

  /** What cannot be read as a whole is read in halves, down to the sectors that are bad. */
  async #fill(into: Buffer, offset: number): Promise<void> {
    try {
      await readFully(this.#handle, into, offset)
      return
    } catch (error) {
      assertDamage(error)
      this.#failures++
    }
    const leastBytes = this.#failures < patientFailures ? sectorBytes : roughBytes
    const middle = Math.round((offset + into.length / 2) / leastBytes) * leastBytes - offset
    if (middle <= 0 || middle >= into.length) {
      into.fill(0)
      this.#unread.set(offset, Math.max(into.length, this.#unread.get(offset) ?? 0))
      return
    }
    await this.#fill(into.subarray(0, middle), offset)
    await this.#fill(into.subarray(middle), offset + middle)
  }
}

import type { SeededChance } from '../backend/reference/seeded-chance.js'

/** What a disk writes at once, and the system keeps dirty or clean as a whole. */
const blockBytes = 4096
const sectorBytes = 512
/** A block that is written while the power goes may be whole up to one of its sectors only. */
const tornShare = 1 / 8

/** The content of a file: as programs see it, and as it would be after a power cut. */
export class SimulatedFile {
  #current = Buffer.alloc(0)
  #size = 0
  #durable = Buffer.alloc(0)
  #durableSize = 0
  readonly #dirty = new Set<number>()

  get size(): number {
    return this.#size
  }

  write(data: Uint8Array, position: number): void {
    const end = position + data.length
    this.#current = withRoom(this.#current, end)
    this.#current.set(data, position)
    if (data.length === 0) return
    for (let block = Math.floor(position / blockBytes); block * blockBytes < end; block++)
      this.#dirty.add(block)
    // A hole that the write leaves behind itself is part of what changed.
    if (position > this.#size) {
      for (let block = Math.floor(this.#size / blockBytes); block * blockBytes < position; block++)
        this.#dirty.add(block)
    }
    this.#size = Math.max(this.#size, end)
  }

  read(into: Uint8Array, position: number): number {
    const end = Math.min(this.#size, position + into.length)
    if (end <= position) return 0
    into.set(this.#current.subarray(position, end))
    return end - position
  }

  truncate(size: number): void {
    this.#current = withRoom(this.#current, size)
    this.#current.fill(0, Math.min(size, this.#size), Math.max(size, this.#size))
    this.#size = size
    for (const block of this.#dirty) if (block * blockBytes >= size) this.#dirty.delete(block)
  }

  /** Content and size are on the disk. */
  sync(): void {
    this.#durable = withRoom(this.#durable, this.#size)
    for (const block of this.#dirty) this.#keep(block, blockBytes)
    this.#dirty.clear()
    this.#durable.fill(0, Math.min(this.#size, this.#durableSize), this.#durableSize)
    this.#durableSize = this.#size
  }

  /** The blocks that have something of the range are on the disk, and so much of the size; nothing else is. */
  syncRange(from: number, to: number): void {
    this.#durable = withRoom(this.#durable, Math.min(to, this.#size))
    for (const block of this.#dirtyBetween(from, to)) {
      this.#keep(block, blockBytes)
      this.#dirty.delete(block)
    }
    this.#durableSize = Math.max(this.#durableSize, Math.min(to, this.#size))
  }

  /**
   * As Linux does it: what could not be written counts as clean from now on. Programs still read it; the disk does not
   * have it, and the next sync has nothing to complain of.
   */
  failSync(from = 0, to = Infinity): void {
    for (const block of this.#dirtyBetween(from, to)) this.#dirty.delete(block)
  }

  /** The power goes: of what was not synced each block is kept with the probability `keep`, the size too. */
  losePower(keep: number, chance: SeededChance): void {
    let size = chance.happens(keep) ? this.#size : this.#durableSize
    this.#durable = withRoom(this.#durable, Math.max(this.#size, this.#durableSize))
    for (const block of [...this.#dirty].sort((a, b) => a - b)) {
      if (!chance.happens(keep)) continue
      const bytes = chance.happens(tornShare) ? sectorBytes * (1 + chance.below(7)) : blockBytes
      this.#keep(block, bytes)
      size = Math.max(size, Math.min(this.#size, block * blockBytes + bytes))
    }
    this.#dirty.clear()
    this.#durable.fill(0, size)
    this.#durableSize = this.#size = size
    this.#current = Buffer.from(this.#durable.subarray(0, size))
  }

  /** Bit rot: on the disk and in what is read. */
  flip(offset: number, bit: number): void {
    for (const content of [this.#current, this.#durable]) {
      if (offset < content.length) content[offset] = (content[offset] as number) ^ (1 << bit)
    }
  }

  #dirtyBetween(from: number, to: number): number[] {
    return [...this.#dirty].filter((block) => block * blockBytes < to && (block + 1) * blockBytes > from)
  }

  #keep(block: number, bytes: number): void {
    const from = block * blockBytes
    const to = Math.min(from + bytes, this.#size)
    if (to <= from) return
    this.#durable = withRoom(this.#durable, to)
    this.#durable.set(this.#current.subarray(from, to), from)
  }
}

function withRoom(bytes: Buffer, size: number): Buffer<ArrayBuffer> {
  if (bytes.length >= size) return bytes as Buffer<ArrayBuffer>
  const larger = Buffer.alloc(Math.max(size, bytes.length * 2))
  larger.set(bytes)
  return larger
}

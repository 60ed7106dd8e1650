import type { Chunk } from './options.js'

/** Chunks of one size that are used again; larger ones are made when asked for and not kept. */
export class ChunkPool {
  readonly chunkBytes: number
  readonly #most: number
  readonly #free: Buffer[] = []

  /** Keeps at most `keepBytes` of memory that nobody uses. */
  constructor(chunkBytes: number, keepBytes: number) {
    this.chunkBytes = chunkBytes
    this.#most = Math.floor(keepBytes / chunkBytes)
  }

  /** A chunk of at least `bytes`, retained once. What it held before may still be in it. */
  take(bytes: number): Chunk {
    if (bytes > this.chunkBytes) return new PooledChunk(allocate(bytes), null)
    return new PooledChunk(this.#free.pop() ?? allocate(this.chunkBytes), this)
  }

  giveBack(bytes: Buffer): void {
    if (this.#free.length < this.#most) this.#free.push(bytes)
  }
}

class PooledChunk implements Chunk {
  readonly bytes: Buffer
  readonly #pool: ChunkPool | null
  #holders = 1

  constructor(bytes: Buffer, pool: ChunkPool | null) {
    this.bytes = bytes
    this.#pool = pool
  }

  retain(): void {
    if (this.#holders === 0) throw new Error('a chunk was retained after its last release')
    this.#holders += 1
  }

  release(): void {
    if (this.#holders === 0) throw new Error('a chunk was released more often than retained')
    this.#holders -= 1
    if (this.#holders === 0) this.#pool?.giveBack(this.bytes)
  }
}

function allocate(bytes: number): Buffer {
  return Buffer.from(new SharedArrayBuffer(bytes))
}

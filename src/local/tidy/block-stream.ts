import { ColumbaError, isColumbaError } from '../../errors.js'
import { blockPeekBytes, peekBlock, type BlockPeek } from '../../formats/block.js'
import { bodyHeaderBytes, bodyFileName } from '../../formats/body-file.js'
import { badBytes } from '../../formats/bytes.js'

/** Where body files are read from. */
export interface BodySource {
  size(file: number): Promise<number>
  read(file: number, offset: number, length: number): Promise<Buffer>
}

/** What of a file is in memory at a time; of a larger block, that block. */
const windowBytes = 128 * 1024

/** The blocks of one body file from end to end. `peek` is that of the block at `offset`, null after the last one. */
export class BlockStream {
  readonly file: number
  peek: BlockPeek | null = null
  offset = bodyHeaderBytes
  readonly #source: BodySource
  readonly #size: number
  #window: Buffer = Buffer.alloc(0)
  #windowAt = 0

  private constructor(source: BodySource, file: number, size: number) {
    this.#source = source
    this.file = file
    this.#size = size
  }

  static async open(source: BodySource, file: number): Promise<BlockStream> {
    const stream = new BlockStream(source, file, await source.size(file))
    await stream.#look()
    return stream
  }

  /**
   * What `make` makes of the block at `offset`, which it checks; its bytes are good until `next`. A damaged one is CORRUPT
   * with file and offset.
   */
  async use<T>(make: (block: Buffer) => T): Promise<T> {
    const { length } = this.#present()
    const block = await this.#bytes(length)
    return this.#placed(() => make(block))
  }

  /** Goes on to the next block. */
  async next(): Promise<void> {
    this.offset += this.#present().length
    await this.#look()
  }

  async #look(): Promise<void> {
    const left = this.#size - this.offset
    if (left === 0) {
      this.peek = null
      return
    }
    const bytes = await this.#bytes(Math.min(blockPeekBytes, left))
    this.peek = this.#placed(() => {
      const peek = peekBlock(bytes, 0)
      if (peek.length > left) throw badBytes('a block ends behind its file')
      return peek
    })
  }

  #placed<T>(read: () => T): T {
    try {
      return read()
    } catch (error) {
      if (!isColumbaError(error, 'CORRUPT') && !(error instanceof RangeError)) throw error
      const place = { file: bodyFileName(this.file), offset: this.offset }
      throw new ColumbaError('CORRUPT', 'a block of a body file is damaged', place, error)
    }
  }

  async #bytes(length: number): Promise<Buffer> {
    const from = this.offset - this.#windowAt
    if (from < 0 || from + length > this.#window.length) {
      const wanted = Math.min(Math.max(length, windowBytes), this.#size - this.offset)
      this.#window = await this.#source.read(this.file, this.offset, wanted)
      this.#windowAt = this.offset
      return this.#window.subarray(0, length)
    }
    return this.#window.subarray(from, from + length)
  }

  #present(): BlockPeek {
    if (this.peek === null) throw new RangeError('there is no block behind the last one')
    return this.peek
  }
}

import { ColumbaError } from '../errors.js'

/** Views shorter than this are kept by a writer. */
const keptViews = 1024
/** Up to so many bytes a loop is faster than a call. */
const copiedByHand = 64

/**
 * Plain building blocks of every format but the log's hot path: unsigned LEB128 varints, length-prefixed UTF-8, raw
 * bytes. A reader never goes beyond its end and never allocates by a length that it has not checked.
 */
export class ByteWriter {
  #bytes: Buffer
  #at = 0
  /** What `view` has given out, by length. */
  #views: (Buffer | undefined)[] = []

  constructor(capacity = 256) {
    this.#bytes = Buffer.allocUnsafe(capacity)
  }

  /** A copy of what was written. */
  finish(): Buffer {
    const copy = Buffer.allocUnsafe(this.#at)
    copy.set(this.view())
    return copy
  }

  /**
   * What was written, in place: valid until the writer is used again. Short views are kept, so that a writer which is
   * used for row after row makes no objects.
   */
  view(): Buffer {
    if (this.#at >= keptViews) return this.#bytes.subarray(0, this.#at)
    return (this.#views[this.#at] ??= this.#bytes.subarray(0, this.#at))
  }

  get length(): number {
    return this.#at
  }

  /** Starts over; the room stays. */
  reset(): this {
    this.#at = 0
    return this
  }

  u8(value: number): this {
    this.#room(1)
    this.#bytes[this.#at++] = value
    return this
  }

  u32(value: number): this {
    this.#room(4)
    const at = this.#at
    this.#bytes[at] = value
    this.#bytes[at + 1] = value >>> 8
    this.#bytes[at + 2] = value >>> 16
    this.#bytes[at + 3] = value >>> 24
    this.#at = at + 4
    return this
  }

  /** Big-endian, so that the order of the bytes is that of the numbers. */
  u48BE(value: number): this {
    this.#room(6)
    this.#at = this.#bytes.writeUIntBE(value, this.#at, 6)
    return this
  }

  /** A safe integer ≥ 0. */
  varint(value: number): this {
    this.#room(8)
    let rest = value
    while (rest > 0x7f) {
      this.#bytes[this.#at++] = (rest & 0x7f) | 0x80
      rest = rest > 0x7fffffff ? Math.floor(rest / 128) : rest >>> 7
    }
    this.#bytes[this.#at++] = rest
    return this
  }

  string(value: string): this {
    // Short strings are nearly always shorter than 128 bytes: then their length is one byte, known after the text.
    if (value.length < 43) {
      this.#room(1 + 3 * value.length)
      const bytes = this.#bytes.utf8Write(value, this.#at + 1)
      this.#bytes[this.#at] = bytes
      this.#at += 1 + bytes
      return this
    }
    return this.varint(Buffer.byteLength(value)).text(value)
  }

  /** UTF-8 without a length. */
  text(value: string): this {
    this.#room(3 * value.length)
    this.#at += this.#bytes.utf8Write(value, this.#at)
    return this
  }

  /** Bytes that stand in a string, a character for each. */
  latin1(value: string): this {
    this.#room(value.length)
    this.#at += this.#bytes.latin1Write(value, this.#at)
    return this
  }

  /** Text in base64url as the `bytes` bytes that it stands for. */
  base64(value: string, bytes: number): this {
    this.#room(bytes)
    this.#bytes.write(value, this.#at, bytes, 'base64url')
    this.#at += bytes
    return this
  }

  optionalString(value: string | undefined): this {
    return value === undefined ? this.u8(0) : this.u8(1).string(value)
  }

  raw(bytes: Uint8Array, start = 0, end = bytes.length): this {
    this.#room(end - start)
    if (end - start <= copiedByHand) {
      for (let at = start; at < end; at++) this.#bytes[this.#at++] = bytes[at] as number
      return this
    }
    this.#bytes.set(start === 0 && end === bytes.length ? bytes : bytes.subarray(start, end), this.#at)
    this.#at += end - start
    return this
  }

  #room(bytes: number): void {
    if (this.#at + bytes <= this.#bytes.length) return
    const larger = Buffer.allocUnsafe(Math.max(this.#bytes.length * 2, this.#at + bytes))
    this.#bytes.copy(larger, 0, 0, this.#at)
    this.#bytes = larger
    this.#views = []
  }
}

export class ByteReader {
  readonly bytes: Buffer
  at: number
  readonly end: number

  constructor(bytes: Buffer, start = 0, end = bytes.length) {
    this.bytes = bytes
    this.at = start
    this.end = end
  }

  get left(): number {
    return this.end - this.at
  }

  u8(): number {
    this.#need(1)
    return this.bytes[this.at++] as number
  }

  u32(): number {
    this.#need(4)
    this.at += 4
    return this.bytes.readUInt32LE(this.at - 4)
  }

  varint(): number {
    // Most are below 128.
    const first = this.at < this.end ? (this.bytes[this.at] as number) : 0x80
    if (first < 0x80) {
      this.at++
      return first
    }
    let value = 0
    let scale = 1
    for (let i = 0; i < 8; i++) {
      const byte = this.u8()
      value += (byte & 0x7f) * scale
      if (byte < 0x80) {
        if (value > Number.MAX_SAFE_INTEGER) break
        return value
      }
      scale *= 128
    }
    throw badBytes('a number does not end')
  }

  string(): string {
    return this.text(this.varint())
  }

  /** UTF-8 of so many bytes. */
  text(bytes: number): string {
    this.#need(bytes)
    this.at += bytes
    return this.bytes.utf8Slice(this.at - bytes, this.at)
  }

  optionalString(): string | undefined {
    return this.u8() === 0 ? undefined : this.string()
  }

  skip(count: number): void {
    this.#need(count)
    this.at += count
  }

  raw(count: number): Buffer {
    this.#need(count)
    this.at += count
    return this.bytes.subarray(this.at - count, this.at)
  }

  #need(bytes: number): void {
    if (bytes > this.end - this.at) throw badBytes('it ends too early')
  }
}

/** Little-endian. Two plain writes are faster than one of six bytes. */
export function writeU48(bytes: Buffer, value: number, at: number): void {
  bytes.writeUInt32LE(value >>> 0, at)
  bytes.writeUInt16LE((value / 0x100000000) >>> 0, at + 4)
}

export function readU48(bytes: Buffer, at: number): number {
  return bytes.readUInt32LE(at) + bytes.readUInt16LE(at + 4) * 0x100000000
}

/** Bytes that passed their checksum and still make no sense: written by something else, or by a fault in this code. */
export function badBytes(why: string): ColumbaError {
  return new ColumbaError('CORRUPT', `stored bytes cannot be read: ${why}`)
}

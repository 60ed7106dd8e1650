import { fdatasync, fsyncSync, openSync, write, writeSync, close as closeFile } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { crc32 } from 'node:zlib'
import type { Send } from '../workload/send.js'
import type { Contestant, OpenOptions, Receipt } from './contestant.js'
import { GroupCommit } from './group-commit.js'

const writeAsync = promisify(write)
const fdatasyncAsync = promisify(fdatasync)
const closeAsync = promisify(closeFile)

const MIB = 1024 * 1024
const LOG_BYTES = 64 * MIB
const GROUP_BYTES = 4 * MIB
/** Frame header: length, checksum, first position, number of records. */
const FRAME_HEADER = 20
/** Record header: length, position, both clocks, seq, three string lengths. */
const RECORD_HEADER = 29

/**
 * The limit that a durable store can reach at all: encodes every send as the log of a store would, with one checksum, one
 * write and one fdatasync per group, and does nothing else. The file is filled with zeroes before and written round and
 * round, so that no sync changes metadata.
 */
class BareLog implements Contestant {
  readonly #file: number
  readonly #buffer = Buffer.allocUnsafe(GROUP_BYTES)
  readonly #queue = new GroupCommit<Send, Receipt>((sends) => this.#commit(sends))
  #offset = 0
  #position = 0

  constructor(file: number) {
    this.#file = file
  }

  send(send: Send): Promise<Receipt> {
    return this.#queue.add(send)
  }

  async #commit(sends: readonly Send[]): Promise<Receipt[]> {
    const first = this.#position + 1
    let end = FRAME_HEADER
    for (const send of sends) end = this.#encode(send, end)
    const checksum = crc32(this.#buffer.subarray(FRAME_HEADER, end))
    this.#buffer.writeUInt32LE(end, 0)
    this.#buffer.writeUInt32LE(checksum, 4)
    this.#buffer.writeUIntLE(first, 8, 6)
    this.#buffer.writeUInt32LE(sends.length, 16)
    if (this.#offset + end > LOG_BYTES) this.#offset = 0
    await writeAsync(this.#file, this.#buffer, 0, end, this.#offset)
    this.#offset += end
    await fdatasyncAsync(this.#file)
    return sends.map((_, index) => ({ seq: first + index, duplicate: false }))
  }

  #encode(send: Send, start: number): number {
    const buffer = this.#buffer
    const other = 'receiver' in send ? send.receiver : send.conversationId
    const position = ++this.#position
    let end = start + RECORD_HEADER
    const senderBytes = buffer.utf8Write(send.sender, end)
    end += senderBytes
    const otherBytes = buffer.utf8Write(other, end)
    end += otherBytes
    const idBytes = buffer.utf8Write(send.id, end)
    end += idBytes
    end += buffer.utf8Write(send.text, end)
    buffer.writeUInt32LE(end - start, start)
    buffer.writeUIntLE(position, start + 4, 6)
    buffer.writeUIntLE(Date.now(), start + 10, 6)
    buffer.writeUIntLE(send.timestamp, start + 16, 6)
    buffer.writeUInt32LE(position, start + 22)
    buffer[start + 26] = senderBytes
    buffer[start + 27] = otherBytes
    buffer[start + 28] = idBytes
    return end
  }

  settle(): Promise<void> {
    return this.#queue.drained()
  }

  checkpoint(): Promise<void> {
    return this.settle()
  }

  async close(): Promise<void> {
    await this.#queue.drained()
    await closeAsync(this.#file)
  }

  list = unsupported
  page = unsupported
  markRead = unsupported
  conversationOf = unsupported
  createGroup = unsupported
}

function unsupported(): never {
  throw new Error('the bare log only takes sends')
}

export function open({ directory }: OpenOptions): Promise<Contestant> {
  const file = openSync(join(directory, 'bare.log'), 'w+', 0o600)
  const zeroes = Buffer.alloc(MIB)
  for (let offset = 0; offset < LOG_BYTES; offset += MIB) writeSync(file, zeroes, 0, MIB, offset)
  fsyncSync(file)
  return Promise.resolve(new BareLog(file))
}

export function version(): string {
  return `write + fdatasync of Node ${process.versions.node}`
}

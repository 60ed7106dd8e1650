import { ByteReader, ByteWriter } from '../../formats/bytes.js'
import type { GroupImage } from '../../formats/record-parts.js'
import { decodeRecord, encodeRecord, recordKinds, type PlainRecord } from '../../formats/records.js'
import type { Facts } from './facts.js'
import { groupRecord, readMessageRecord } from './message-records.js'

/** Records for the fold, each with its position; several may have the same one. */
export interface ReplayedRecord {
  readonly position: number
  readonly bytes: Buffer
}

const w = new ByteWriter()
const tags = { plain: 0, group: 1 } as const

type GroupEvent = Extract<PlainRecord, { kind: 'join' | 'leave' | 'rename' }>

/** Takes the records of one conversation after the other and gives those of all in the order of their positions. */
export class Replay {
  readonly #facts: Facts
  #count = 0
  /** Of all records. */
  lastPosition = 0
  lastTimestamp: number

  /** `lastTimestamp`: of what is known besides. */
  constructor(facts: Facts, lastTimestamp = 0) {
    this.#facts = facts
    this.lastTimestamp = lastTimestamp
  }

  /** To be awaited between two messages, members or marks: a conversation may be larger than memory. */
  makeRoom(): Promise<void> {
    return this.#facts.makeRoom()
  }

  /** A direct message with its image, or marks that name their conversation. */
  direct(position: number, timestamp: number, record: Buffer): void {
    this.lastTimestamp = Math.max(this.lastTimestamp, timestamp)
    this.#put(position, tags.plain, 0, record)
  }

  other(position: number, record: PlainRecord): void {
    this.lastTimestamp = Math.max(this.lastTimestamp, record.time)
    this.#put(position, tags.plain, 0, encodeRecord(record))
  }

  /** `previous` is the position of the group's message before. Images are added where a generation begins. */
  groupMessage(position: number, timestamp: number, previous: number, record: Buffer): void {
    this.lastTimestamp = Math.max(this.lastTimestamp, timestamp)
    this.#put(position, tags.group, previous, record)
  }

  groupEvent(position: number, previous: number, record: GroupEvent): void {
    this.lastTimestamp = Math.max(this.lastTimestamp, record.time)
    this.#put(position, tags.group, previous, encodeRecord(record))
  }

  /** The records, cut into generations of about so many bytes; a position is never on both sides of a cut. */
  async *generations(bytes: number): AsyncGenerator<readonly ReplayedRecord[]> {
    let records: ReplayedRecord[] = []
    let size = 0
    let seen = new Set<string>()
    for await (const { position, value } of this.#facts.records()) {
      if (size >= bytes && position > (records.at(-1)?.position ?? 0)) {
        yield records
        records = []
        size = 0
        seen = new Set()
      }
      const record = await this.#record(position, value, seen)
      records.push({ position, bytes: record })
      size += record.length
    }
    if (records.length > 0) yield records
  }

  #put(position: number, tag: number, previous: number, record: Buffer): void {
    this.lastPosition = Math.max(this.lastPosition, position)
    this.#facts.putRecord(position, this.#count++, w.reset().u8(tag).varint(previous).raw(record).finish())
  }

  async #record(position: number, value: Buffer, seen: Set<string>): Promise<Buffer> {
    const reader = new ByteReader(value)
    const tag = reader.u8()
    const previous = reader.varint()
    const record = value.subarray(reader.at)
    if (tag === tags.plain) return record
    if (record[0] === recordKinds.groupMessage) {
      const { ids, body, ...message } = readMessageRecord(record, 0, record.length)
      const image = await this.#image(ids[0], position, previous, seen)
      return groupRecord({ ...message, ids }, image, body)
    }
    const event = decodeRecord(record, 0, record.length) as GroupEvent
    return encodeRecord({ ...event, image: await this.#image(event.conversation, position, previous, seen) })
  }

  /** What the first record about a group in a generation says: where the group stood in the lists of those who were in. */
  async #image(
    group: string,
    position: number,
    previous: number,
    seen: Set<string>,
  ): Promise<GroupImage | null> {
    if (seen.has(group)) return null
    seen.add(group)
    const members = (await this.#facts.members(group))
      .filter(([, joined]) => joined < position)
      .map(([user, joined]) => ({ user, previous: Math.max(previous, joined) }))
    return { previous, members }
  }
}

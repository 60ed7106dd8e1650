import { bodyFileOf, cutOf, levelOf } from './body-file.js'
import { ByteReader, ByteWriter } from './bytes.js'
import {
  readContact,
  readDirectHead,
  readGroup,
  readMarks,
  readMembership,
  writeContact,
  writeDirectHead,
  writeGroup,
  writeMarks,
  writeMembership,
  type ContactRow,
  type DirectHead,
  type GroupRow,
  type MarksRow,
  type MembershipRow,
} from './record-parts.js'
import { parseStoredJson } from './stored-json.js'

/**
 * Values of the column families. Each is sealed with a checksum over key and value before it is stored
 * (sealed-value.ts); here only their content. All of them are written blind: nothing is read to write one.
 */
const w = new ByteWriter(4096)

/** Whom a direct conversation is with. Where it stands is said in the partition of the first participant only. */
export interface DirectHeadRow {
  readonly peer: string
  /** Null in the partition of the second participant. */
  readonly head: DirectHead | null
}

export interface GroupHeadRow {
  readonly head: number
  readonly position: number
  readonly timestamp: number
}

/** A direct conversation in a list. Small last messages stand in the row; of larger ones only the seq. */
export interface DirectListRow {
  readonly peer: string
  readonly head: number
  readonly n0: number
  readonly timestamp: number
  /** The author of the last message is the second participant. */
  readonly second: boolean
  /** Message body, or null if it was too large. */
  readonly body: { readonly bytes: Buffer; readonly start: number; readonly end: number } | null
}

/** Where consecutive messages lie in a body file. */
export interface RunPlace {
  /** The body file, by its number (body-file.ts). */
  readonly file: number
  readonly offset: number
  readonly length: number
  readonly firstSeq: number
  readonly count: number
}

export interface RunRow extends RunPlace {
  readonly firstPosition: number
  readonly lastPosition: number
  /** One per message: idHash(sender, id). */
  readonly hashes: readonly number[]
}

export interface OwnRow {
  /** The user's own messages in the group before the first of these. */
  readonly before: number
  readonly seqs: readonly number[]
}

/** Largest last message that a list row carries. */
export const excerptBytes = 1024

export const rows = {
  directHead: codec<DirectHeadRow>(
    (to, row) => {
      to.string(row.peer)
      if (row.head !== null) writeDirectHead(to, row.head)
    },
    (r) => {
      const peer = r.string()
      return { peer, head: r.left === 0 ? null : readDirectHead(r) }
    },
  ),
  groupHead: codec<GroupHeadRow>(
    (to, row) => {
      to.varint(row.head).varint(row.position).varint(row.timestamp)
    },
    (r) => ({ head: r.varint(), position: r.varint(), timestamp: r.varint() }),
  ),
  directList: codec<DirectListRow>(
    (to, row) => {
      to.string(row.peer).varint(row.head).varint(row.n0).varint(row.timestamp)
      to.u8((row.second ? 1 : 0) | (row.body === null ? 0 : 2))
      if (row.body !== null) to.raw(row.body.bytes, row.body.start, row.body.end)
    },
    (r) => {
      const { bytes } = r
      const peer = r.string()
      const head = r.varint()
      const n0 = r.varint()
      const timestamp = r.varint()
      const bits = r.u8()
      const body = (bits & 2) === 0 ? null : { bytes, start: r.at, end: bytes.length }
      return { peer, head, n0, timestamp, second: (bits & 1) !== 0, body }
    },
  ),
  run: {
    ...codec<RunRow>(
      (to, row) => {
        to.varint(cutOf(row.file)).varint(levelOf(row.file))
        to.varint(row.offset).varint(row.length).varint(row.firstSeq).varint(row.count)
        to.varint(row.firstPosition).varint(row.lastPosition - row.firstPosition)
        for (const hash of row.hashes) to.u32(hash)
      },
      (r) => {
        const { file, offset, length, firstSeq, count } = readPlace(r)
        const firstPosition = r.varint()
        const lastPosition = firstPosition + r.varint()
        const hashes: number[] = []
        while (r.left > 0) hashes.push(r.u32())
        return { file, offset, length, firstSeq, count, firstPosition, lastPosition, hashes }
      },
    ),
    /** Only what is needed to read the messages. */
    decodePlace: (bytes: Buffer): RunPlace => readPlace(new ByteReader(bytes)),
  },
  own: codec<OwnRow>(
    (to, row) => {
      to.varint(row.before)
      let last = 0
      for (const seq of row.seqs) {
        to.varint(seq - last)
        last = seq
      }
    },
    (r) => {
      const before = r.varint()
      const seqs: number[] = []
      let last = 0
      while (r.left > 0) seqs.push((last += r.varint()))
      return { before, seqs }
    },
  ),
  marks: codec<MarksRow>(writeMarks, readMarks),
  group: codec<GroupRow>(writeGroup, readGroup),
  membership: codec<MembershipRow>(writeMembership, readMembership),
  profile: codec<{ name: string; profile: string | undefined; position: number }>(
    (to, row) => {
      to.string(row.name).optionalString(row.profile).varint(row.position)
    },
    (r) => {
      const row = { name: r.string(), profile: r.optionalString(), position: r.varint() }
      // Whoever checks or repairs a store has to see it as well.
      if (row.profile !== undefined) parseStoredJson(row.profile)
      return row
    },
  ),
  /** A contact with where it last changed. */
  contact: codec<ContactRow & { position: number }>(
    (to, row) => {
      writeContact(to, row)
      to.varint(row.position)
    },
    (r) => {
      const row = readContact(r)
      return { ...row, position: r.varint() }
    },
  ),
  /** The last record of the last generation in which something of a user changed, or the user's marks did. */
  touched: codec<number>(
    (to, position) => void to.varint(position),
    (r) => r.varint(),
  ),
  /** The id of the member with an ordinal. */
  roll: codec<string>(
    (to, user) => to.string(user),
    (r) => r.string(),
  ),
} as const

function readPlace(r: ByteReader): RunPlace {
  const cut = r.varint()
  const file = bodyFileOf(r.varint(), cut)
  const offset = r.varint()
  const length = r.varint()
  const firstSeq = r.varint()
  return { file, offset, length, firstSeq, count: r.varint() }
}

/** Of one kind of row: how its content is written and read. */
function codec<T>(write: (to: ByteWriter, row: T) => void, read: (r: ByteReader) => T) {
  const encodeInScratch = (row: T): Buffer => {
    write(w.reset(), row)
    return w.view()
  }
  return {
    /** In scratch bytes that all kinds of rows share: valid until the next row is encoded. */
    encodeInScratch,
    encode: (row: T): Buffer => {
      write(w.reset(), row)
      return w.finish()
    },
    decode: (bytes: Buffer): T => read(new ByteReader(bytes)),
  }
}

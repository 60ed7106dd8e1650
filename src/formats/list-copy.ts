import { badBytes, ByteReader, ByteWriter } from './bytes.js'
import { readName, writeName } from './conversation-name.js'
import type { PackedColumns } from './packed-conversation.js'

/** A group in a list. What else is to be known of it stands in its own partition. */
export interface GroupPlace {
  readonly conversation: string
  readonly position: number
}

/**
 * The beginning of a user's list as it once was, with the user's marks, in one row: what a list costs is the number of rows that
 * it is read from. Made when the list has been read, and nobody needs it. Each generation that touches the user says so in a
 * row beside it; what was written since lies above `position` in the list itself.
 */
export interface ListCopy {
  /** All that records up to here made of the list is in it. What later ones made may be, in part. */
  readonly position: number
  /** No conversation of the list down to here is missing; 0 if it is all of the list. */
  readonly floor: number
  readonly large: readonly string[]
  /** By descending position. */
  readonly groups: readonly GroupPlace[]
  readonly direct: PackedColumns
}

const w = new ByteWriter(8 * 1024)

/** In place: valid until the next one is encoded. */
export function encodeListCopy({ position, floor, large, groups, direct }: ListCopy): Buffer {
  w.reset().varint(position).varint(floor).varint(large.length).varint(groups.length)
  for (const group of large) writeName(w, group)
  for (const group of groups) writeName(w.varint(group.position), group.conversation)
  const { bytes, starts, ends, positions } = direct
  w.varint(positions.length)
  for (let i = 0; i < positions.length; i++)
    w.varint(positions[i] as number).varint((ends[i] as number) - (starts[i] as number))
  for (let i = 0; i < positions.length; i++) w.latin1(bytes.slice(starts[i], ends[i]))
  return w.view()
}

/** Throws CORRUPT for what cannot be one. */
export function decodeListCopy(bytes: Buffer): ListCopy {
  const r = new ByteReader(bytes)
  const position = r.varint()
  const floor = r.varint()
  const largeCount = r.varint()
  const groupCount = r.varint()
  const large: string[] = []
  while (large.length < largeCount) large.push(readName(r))
  const groups: GroupPlace[] = []
  while (groups.length < groupCount) groups.push({ position: r.varint(), conversation: readName(r) })
  return { position, floor, large, groups, direct: readColumns(r) }
}

function readColumns(r: ByteReader): PackedColumns {
  const count = r.varint()
  const starts: number[] = []
  const ends: number[] = []
  const positions: number[] = []
  let end = 0
  while (positions.length < count) {
    positions.push(r.varint())
    starts.push(end)
    ends.push((end += r.varint()))
  }
  if (end !== r.left) throw badBytes('the copy of a list has another length')
  return { bytes: r.bytes.latin1Slice(r.at, r.end), starts, ends, positions }
}

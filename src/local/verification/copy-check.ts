import { readCopyKey, type CopyRow } from '../../formats/keys.js'
import { checksum } from '../../formats/checksum.js'
import { decodeListCopy, type ListCopy } from '../../formats/list-copy.js'
import { ByteReader } from '../../formats/bytes.js'
import { readPacked, type PackedConversation } from '../../formats/packed-conversation.js'
import type { MarksRow } from '../../formats/record-parts.js'
import { rows } from '../../formats/rows.js'
import { noMarks } from '../../model/conversation.js'

/** Where a row of a list has a conversation, and the checksum of what it says of it. */
export interface PlacedRow {
  readonly large: boolean
  readonly position: number
  readonly sum: number
}

/** What a user's list is by its rows. */
interface ListByRows {
  readonly places: ReadonlyMap<string, readonly PlacedRow[]>
  readonly marks: ReadonlyMap<string, MarksRow>
  /** All records up to here are in the shards. */
  readonly position: number
}

const noRow = checksum(Buffer.alloc(0))

/** Holds the copy of a user's list against the list's rows: what is read with its help must be what they say. */
export class CopyCheck {
  readonly #user: string
  #copy: ListCopy | null = null
  readonly #since = { touched: 0, marked: 0 }
  /** A row beside it is damaged, or it is itself: then it is not read from. */
  damaged = false

  constructor(user: string) {
    this.#user = user
  }

  /** False for a row that is none of these. */
  row(key: Buffer, rowLength: number, payload: Buffer): boolean {
    const which: CopyRow | undefined = readCopyKey(key, rowLength)
    if (which === undefined) return false
    if (which === 'list') this.#copy = decodeListCopy(payload)
    else this.#since[which] = rows.touched.decode(payload)
    return true
  }

  /** What does not fit, one conversation each, or a few words. */
  misfits(list: ListByRows): string[] {
    const copy = this.#copy
    if (copy === null || this.damaged) return []
    const { position, floor, large, groups } = copy
    if (Math.max(position, this.#since.touched, this.#since.marked) > list.position) return ['of the future']
    // Whoever reads it takes what stands above it from the rows, and all of it if a large group was left.
    const isOld = this.#since.touched > position
    const isNewer = (conversation: string): boolean =>
      isOld && list.places.get(conversation)?.some((row) => row.large || row.position > position) === true
    if (isOld && large.some((group) => !isNewer(group))) return []
    const told = new Map<string, PlacedRow>()
    for (const group of large) told.set(group, { large: true, position: 0, sum: noRow })
    for (const group of groups)
      told.set(group.conversation, { large: false, position: group.position, sum: noRow })
    const wrongMarks: string[] = []
    for (const each of directOf(copy)) {
      told.set(each.conversation, { large: false, position: each.position, sum: this.#sumOf(each) })
      const isKnown = this.#since.marked <= position && !isNewer(each.conversation)
      if (isKnown && !fit(each, list.marks.get(each.conversation))) wrongMarks.push(each.conversation)
    }
    const wrong = new Set(wrongMarks)
    for (const [conversation, { large: isLarge, position: at, sum }] of told) {
      if (isNewer(conversation)) continue
      const fits = (row: PlacedRow): boolean =>
        row.large === isLarge && row.position === at && row.sum === sum
      if (list.places.get(conversation)?.some(fits) !== true) wrong.add(conversation)
    }
    for (const [conversation, placed] of list.places) {
      const isIn = placed.some((row) => row.large || row.position >= floor)
      if (isIn && !told.has(conversation) && !isNewer(conversation)) wrong.add(conversation)
    }
    return [...wrong]
  }

  /** Of the row that the list has of a conversation, if it says the same. */
  #sumOf({ peer, head, own, timestamp, isOwn, body }: PackedConversation): number {
    const user = this.#user
    const isFirst = user <= peer
    const n0 = user === peer ? head : isFirst ? own : head - own
    const second = user !== peer && isOwn !== isFirst
    return checksum(rows.directList.pass({ peer, head, n0, timestamp, second, body }))
  }
}

function directOf({ direct: { bytes, starts, ends, positions } }: ListCopy): PackedConversation[] {
  const from = Buffer.from(bytes, 'latin1')
  return positions.map((position, i) => readPacked(new ByteReader(from, starts[i], ends[i]), position))
}

function fit({ marks }: PackedConversation, row: MarksRow = noMarks): boolean {
  if (marks === null) return false
  return (['delivered', 'read', 'ownAtRead', 'readAt', 'deliveredAt'] as const).every(
    (field) => marks[field] === row[field],
  )
}

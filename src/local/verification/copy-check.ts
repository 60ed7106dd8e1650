import { readCopyKey, type CopyRow } from '../../formats/keys.js'
import { checksum } from '../../formats/checksum.js'
import { decodeListCopy, type ListCopy } from '../../formats/list-copy.js'
import { readAllPacked, unpackRow, type PackedConversation } from '../../formats/packed-conversation.js'
import type { MarksRow } from '../../formats/record-parts.js'
import { rows } from '../../formats/rows.js'
import { noMarks } from '../../model/conversation.js'
import type { UserId } from '../../model/ids.js'

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
  readonly #user: UserId
  #copy: ListCopy | null = null
  readonly #since = { touched: 0, marked: 0 }
  /** A row beside it is damaged, or it is itself: then it is not read from. */
  damaged = false

  constructor(user: string) {
    this.#user = user as UserId
  }

  /** False for a row that is none of these. */
  row(key: Buffer, prefixLength: number, payload: Buffer): boolean {
    const which: CopyRow | undefined = readCopyKey(key, prefixLength)
    if (which === undefined) return false
    if (which === 'list') this.#copy = decodeListCopy(payload)
    else this.#since[which] = rows.touched.decode(payload)
    return true
  }

  /** What does not fit, one conversation each, or a few words. */
  misfits(list: ListByRows): string[] {
    const copy = this.#copy
    if (copy === null || this.damaged) return []
    const { position, floor, large } = copy
    if (Math.max(position, this.#since.touched, this.#since.marked) > list.position) return ['of the future']
    // Whoever reads it takes what stands above it from the rows, and all of it if a large group was left.
    const isOld = this.#since.touched > position
    const isNewer = (conversation: string): boolean =>
      isOld && list.places.get(conversation)?.some((row) => row.large || row.position > position) === true
    if (isOld && large.some((group) => !isNewer(group))) return []
    const direct = readAllPacked(copy.direct)
    const told = this.#told(copy, direct)
    const wrong = new Set<string>()
    if (this.#since.marked <= position)
      for (const each of direct)
        if (!isNewer(each.conversation) && !fit(each, list.marks.get(each.conversation)))
          wrong.add(each.conversation)
    for (const [conversation, row] of told) {
      const fits = (one: PlacedRow): boolean =>
        one.large === row.large && one.position === row.position && one.sum === row.sum
      if (!isNewer(conversation) && list.places.get(conversation)?.some(fits) !== true)
        wrong.add(conversation)
    }
    for (const [conversation, placed] of list.places) {
      const isIn = placed.some((row) => row.large || row.position >= floor)
      if (isIn && !told.has(conversation) && !isNewer(conversation)) wrong.add(conversation)
    }
    return [...wrong]
  }

  /** The rows of the list that the copy stands for. */
  #told({ large, groups }: ListCopy, direct: readonly PackedConversation[]): Map<string, PlacedRow> {
    const told = new Map<string, PlacedRow>()
    for (const group of large) told.set(group, { large: true, position: 0, sum: noRow })
    for (const { conversation, position } of groups)
      told.set(conversation, { large: false, position, sum: noRow })
    for (const each of direct) {
      const sum = checksum(rows.directList.encodeInScratch(unpackRow(this.#user, each)))
      told.set(each.conversation, { large: false, position: each.position, sum })
    }
    return told
  }
}

function fit({ marks }: PackedConversation, row: MarksRow = noMarks): boolean {
  if (marks === null) return false
  return (['delivered', 'read', 'ownAtRead', 'readAt', 'deliveredAt'] as const).every(
    (field) => marks[field] === row[field],
  )
}

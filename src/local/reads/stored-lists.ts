import { encodeListCopy, type GroupPlace, type ListCopy } from '../../formats/list-copy.js'
import { packRow, type PackedConversation } from '../../formats/packed-conversation.js'
import type { DirectListRow } from '../../formats/rows.js'
import type { UserId } from '../../model/ids.js'
import { ifMemoryAllows, withMemory } from '../../platform/system-errors.js'
import { PackedList } from '../memory/packed-list.js'
import type { FoundCopy, ListPart, ListRow, ListRows } from './list-rows.js'

/** The beginning of a list as the shards have it, each conversation in one of the parts. */
export interface StoredList {
  readonly large: readonly string[]
  readonly groups: readonly GroupPlace[]
  /** Direct conversations whose marks have to be read, above those of `packed`. */
  readonly unmarked: readonly PackedConversation[]
  readonly packed: PackedList | null
  /** No conversation down to here is missing; 0 if it is all of the list. */
  readonly floor: number
  /** There is no copy of it, or one that leaves more to be read than a new one costs. */
  readonly isWorthCopying: boolean
}

export interface CopyOptions {
  /** Shorter lists are not copied. */
  readonly from: number
  /** There is room for what can be done without, and the shards are sound. */
  readonly allowed: () => boolean
}

/** A direct conversation of a stored list. */
type DirectRow = ListRow & { readonly direct: DirectListRow }

/** Longer ones are not copied: of so many conversations, large groups among them, and in so many bytes as they are stored. */
const mostCopied = 128
const mostCopiedBytes = 32 * 1024
/**
 * With fewer rows above it, and with marks that are right, a copy is not made anew: that costs more than it saves. Where it is
 * old and nothing is above it, it will be as good as new.
 */
const renewedFrom = 8

/**
 * Lists as they are stored: rows, and copies of their beginnings (list-copy.ts). A copy is made when a list has been read from
 * rows, and read instead of them from then on. What has been written since is read from the rows above it.
 */
export class StoredLists {
  readonly #rows: ListRows
  readonly #copies: CopyOptions

  constructor(rows: ListRows, copies: CopyOptions) {
    this.#rows = rows
    this.#copies = copies
  }

  /** At least `limit` conversations, or all of them. `foundNow` is what `ListRows.copyNow` gave in this very step. */
  async read(user: UserId, limit: number, foundNow: FoundCopy | null | undefined): Promise<StoredList> {
    const found = foundNow === undefined ? await this.#rows.copyLater(user) : foundNow
    if (found !== null && reaches(found.copy, limit)) {
      const renewed = found.isCurrent ? listOf(found.copy) : await this.#renew(user, found, limit)
      if (renewed !== null) return renewed
    }
    return listOfRows(user, await this.#rows.below(user, undefined, limit), limit)
  }

  /**
   * Copies what was read, with its marks: `position` is one up to which all was in the shards before it was read. No caller
   * waits for the copy, or hears whether it was stored.
   */
  keep(
    user: UserId,
    position: number,
    { large, groups, floor }: StoredList,
    packed: PackedList | null,
  ): void {
    const count = groups.length + (packed?.length ?? 0)
    if (count < this.#copies.from || count + large.length > mostCopied || !this.#copies.allowed()) return
    const direct = packed?.columns ?? { bytes: '', starts: [], ends: [], positions: [] }
    const copy = ifMemoryAllows(() => encodeListCopy({ position, floor, large, groups, direct }))
    if (copy !== null && copy.length <= mostCopiedBytes) this.#rows.keepCopy(user, copy)
  }

  /**
   * The copy with the rows above it. Conversations only go up: what is not among these rows stands where it stood. Null if
   * that does not hold, which is so for a large group that was left: it gets a place among the others, and that may be below.
   */
  async #renew(
    user: UserId,
    { copy, areMarksCurrent }: FoundCopy,
    limit: number,
  ): Promise<StoredList | null> {
    const newer = await this.#rows.above(user, copy.position, limit)
    const now = listOfRows(user, newer, limit)
    if (newer.recent.length >= limit) return now
    const moved = new Set([...now.large, ...newer.recent.map(({ conversation }) => conversation)])
    if (copy.large.some((group) => !moved.has(group))) return null
    const packed = PackedList.from(copy.direct)
    const before = withMemory(() =>
      moved.size === 0 ? packed : (packed?.without((one) => moved.has(one)) ?? null),
    )
    const stayed = areMarksCurrent ? [] : withMemory(() => before?.all() ?? [])
    return firstOf(
      {
        large: now.large,
        groups: [...now.groups, ...copy.groups.filter(({ conversation }) => !moved.has(conversation))],
        unmarked: [...now.unmarked, ...stayed],
        packed: areMarksCurrent ? before : null,
        floor: copy.floor,
        isWorthCopying: !areMarksCurrent || newer.recent.length === 0 || newer.recent.length >= renewedFrom,
      },
      Math.max(limit, lengthOf(copy)),
    )
  }
}

/** It is the list as the shards have it, and of nothing in it more is to be read. */
export function isWholeList(found: FoundCopy | null | undefined, limit: number): found is FoundCopy {
  if (found === null || found === undefined || !found.isCurrent) return false
  const { large, groups } = found.copy
  return large.length + groups.length === 0 && reaches(found.copy, limit)
}

function reaches(copy: ListCopy, limit: number): boolean {
  return copy.floor === 0 || lengthOf(copy) >= limit
}

/** Without the large groups. */
function lengthOf({ groups, direct }: ListCopy): number {
  return groups.length + direct.positions.length
}

function listOf({ large, groups, floor, direct }: ListCopy): StoredList {
  return { large, groups, unmarked: [], packed: PackedList.from(direct), floor, isWorthCopying: false }
}

/** The list that rows from the top on make; there are fewer than `limit` rows only if there are no more. */
function listOfRows(user: UserId, { large, recent }: ListPart, limit: number): StoredList {
  const direct = recent.filter(isDirect)
  return {
    large: large.map(({ conversation }) => conversation),
    groups: direct.length === recent.length ? [] : recent.filter((row) => !isDirect(row)),
    unmarked: direct.map((row) => packRow(user, row)),
    packed: null,
    floor: recent.length < limit ? 0 : (recent.at(-1) as ListRow).position,
    isWorthCopying: true,
  }
}

/** Without what is beyond the first `most`: else what is copied would become longer each time. */
function firstOf(list: StoredList, most: number): StoredList {
  const { groups, unmarked, packed } = list
  const positions = [...groups, ...unmarked].map(({ position }) => position)
  if (packed !== null) positions.push(...packed.columns.positions)
  if (positions.length <= most) return list
  const floor = positions.sort((a, b) => b - a)[most - 1] as number
  const isFirst = ({ position }: { readonly position: number }): boolean => position >= floor
  return {
    ...list,
    groups: groups.filter(isFirst),
    unmarked: unmarked.filter(isFirst),
    packed: packed?.first(packed.below(floor)) ?? null,
    floor,
  }
}

function isDirect(row: ListRow): row is DirectRow {
  return row.direct !== null
}

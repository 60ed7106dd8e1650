import {
  copyRowCount,
  familyRange,
  keys,
  maxPosition,
  scratchKeys,
  readCopyKey,
  readListKey,
  recentAbove,
  recentBelow,
  type CopyRow,
} from '../../formats/keys.js'
import { decodeListCopy, type ListCopy } from '../../formats/list-copy.js'
import { rows, type DirectListRow } from '../../formats/rows.js'
import type { Shard } from '../shards/shard.js'

/** A row of a stored list: a large group, or a conversation with its position. */
export interface ListRow {
  readonly large: boolean
  readonly position: number
  readonly conversation: string
  /** Direct conversations only; groups keep their head in their own partition. */
  readonly direct: DirectListRow | null
}

export interface ListPart {
  readonly large: readonly ListRow[]
  readonly recent: readonly ListRow[]
}

export interface FoundCopy {
  readonly copy: ListCopy
  /** Nothing of the user has changed since. */
  readonly isCurrent: boolean
  /** None of the user's marks has moved since. */
  readonly areMarksCurrent: boolean
}

/** Where a user's rows lie: the prefix of their keys, and the shard. */
export interface UserRows {
  readonly prefix: Buffer
  readonly shard: Shard
}

/** The rows of lists and of their copies. */
export class ListRows {
  readonly #rowsOf: (user: string) => UserRows
  reads = 0

  constructor(rowsOf: (user: string) => UserRows) {
    this.#rowsOf = rowsOf
  }

  /**
   * Up to `limit` conversations of a list strictly below a position; from the top, the user's large groups come on top
   * of that.
   */
  below(user: string, position: number | undefined, limit: number): Promise<ListPart> {
    return this.#from(user, recentBelow(this.#rowsOf(user).prefix, position), limit)
  }

  /** Rows of the list from the top down to a position, which is not among them. */
  above(user: string, position: number, limit: number): Promise<ListPart> {
    return this.#from(user, recentAbove(this.#rowsOf(user).prefix, position), limit)
  }

  async #from(user: string, range: { gte: Buffer; lt: Buffer }, limit: number): Promise<ListPart> {
    const all = await this.#rows(user, range, limit)
    if (all[0]?.large !== true) return { large: [], recent: all }
    // The large groups took places of the others, so both are read on their own. The others come first: a group that
    // becomes large between the two reads is in both then, not in none.
    const firstRecent = recentBelow(this.#rowsOf(user).prefix, maxPosition).gte
    const recent = await this.#rows(user, { gte: firstRecent, lt: range.lt }, limit)
    return { large: await this.#rows(user, { gte: range.gte, lt: firstRecent }, Infinity), recent }
  }

  /**
   * The copy of a list, if there is one that can be read: whatever is wrong with it, the list is there. Undefined if it is not to
   * be had at once.
   */
  copyNow(user: string): FoundCopy | null | undefined {
    this.reads++
    const { prefix, shard } = this.#rowsOf(user)
    const read = (which: CopyRow): Buffer | undefined | null =>
      shard.readNow(scratchKeys.copy(prefix, which), () => null)
    try {
      // The copy comes first: what makes it old meanwhile is seen.
      const list = read('list')
      if (list === undefined) return null
      const touched = list && read('touched')
      if (list === null || touched === null) return undefined
      const copy = decodeListCopy(list)
      if (isIn(copy, touched)) return current(copy)
      const marked = read('marked')
      return marked === null ? undefined : old(copy, marked)
    } catch {
      return null
    }
  }

  /** Like `copyNow`, through a thread. */
  async copyLater(user: string): Promise<FoundCopy | null> {
    const { prefix, shard } = this.#rowsOf(user)
    try {
      const found = await shard.rows(familyRange(prefix, 'copy'), copyRowCount)
      const values = new Map(found.map(([key, value]) => [readCopyKey(key, prefix.length), value]))
      const list = values.get('list')
      if (list === undefined) return null
      const copy = decodeListCopy(list)
      return isIn(copy, values.get('touched')) ? current(copy) : old(copy, values.get('marked'))
    } catch {
      return null
    }
  }

  async largeGroups(user: string): Promise<string[]> {
    const { prefix } = this.#rowsOf(user)
    const { gte } = recentBelow(prefix, undefined)
    const found = await this.#rows(user, { gte, lt: recentBelow(prefix, maxPosition).gte }, Infinity)
    return found.map(({ conversation }) => conversation)
  }

  async #rows(user: string, range: { gte: Buffer; lt: Buffer }, limit: number): Promise<ListRow[]> {
    this.reads++
    const { prefix, shard } = this.#rowsOf(user)
    const found = await shard.rows(range, limit)
    return found.map(([key, value]) => readListRow(key, value, prefix.length))
  }

  /** Hands a copy over; no caller waits for it, or hears of a failure. */
  keepCopy(user: string, copy: Buffer): void {
    const { prefix, shard } = this.#rowsOf(user)
    shard.keep(keys.copy(prefix, 'list'), copy)
  }
}

/** The copy has the generation that such a row speaks of. Where there is none it says nothing. */
function isIn({ position }: ListCopy, touched: Buffer | undefined): boolean {
  return touched !== undefined && rows.touched.decode(touched) <= position
}

function current(copy: ListCopy): FoundCopy {
  return { copy, isCurrent: true, areMarksCurrent: true }
}

function old(copy: ListCopy, marked: Buffer | undefined): FoundCopy {
  return { copy, isCurrent: false, areMarksCurrent: marked === undefined || isIn(copy, marked) }
}

function readListRow(key: Buffer, value: Buffer, prefixLength: number): ListRow {
  const { large, position, conversation } = readListKey(key, prefixLength)
  const direct = value.length === 0 ? null : rows.directList.decode(value)
  return { large, position, conversation, direct }
}

import type { ChangeRef } from '../../backend/port.js'
import { firstBehind } from './oldest-refs.js'

/** What a pointer costs without its ids, measured as the other costs (memory.ts). */
const pointerBytes = 100

/**
 * What the shards have of a user's feed behind `after` and up to `through`, all of it, ascending. A page needs a part of it: the
 * rest is kept for the pages that follow. Nothing is ever added there, but it may be overtaken, or the user may have left.
 */
export class FeedAhead {
  readonly after: number
  readonly through: number
  readonly refs: readonly ChangeRef[]
  /** In bytes. */
  readonly cost: number
  /** Where the last page ended that was taken from here. */
  readTo = 0

  constructor(after: number, through: number, refs: readonly ChangeRef[]) {
    this.after = after
    this.through = through
    this.refs = refs
    this.cost = refs.reduce((sum, ref) => sum + costOf(ref), 0)
  }

  /** Nobody seems to need it any more. Who asks for what is behind it may be another device of the user, which has read all. */
  get isReadToEnd(): boolean {
    return this.readTo >= (this.refs.at(-1)?.position ?? 0)
  }

  /** The index of the first one behind a position; null if this says nothing of what is behind it. */
  firstBehind(position: number): number | null {
    if (position < this.after || position >= this.through) return null
    return firstBehind(this.refs, position)
  }
}

/** As if no two shared their ids: those of one generation do, but mostly there are many. */
function costOf(ref: ChangeRef): number {
  const conversation = 'conversationId' in ref ? ref.conversationId.length : 0
  return pointerBytes + conversation + ('userId' in ref ? ref.userId.length : 0)
}

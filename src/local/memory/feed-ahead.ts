import type { ChangeRef } from '../../backend/port.js'
import { firstBehind } from './oldest-refs.js'

/** What a pointer costs without its ids, measured as the other costs (memory.ts). */
const pointerBytes = 100

/**
 * What the shards have of a user's feed after `after` and up to `through`, all of it, ascending. A page needs a part of it: the
 * rest is kept for the pages that follow. Nothing is ever added there, but a pointer may be overtaken, or the user may have
 * left.
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

  /** True once its last page has been taken. A reader who asks for what comes after it may be another device of the user. */
  get isReadToEnd(): boolean {
    return this.readTo >= (this.refs.at(-1)?.position ?? 0)
  }

  /** The index of the first pointer after a position; null if this does not cover that position. */
  firstBehind(position: number): number | null {
    if (position < this.after || position >= this.through) return null
    return firstBehind(this.refs, position)
  }
}

/** Bytes of a pointer, as if no two shared their ids: those of one generation do, but mostly there are many. */
function costOf(ref: ChangeRef): number {
  const conversation = 'conversationId' in ref ? ref.conversationId.length : 0
  return pointerBytes + conversation + ('userId' in ref ? ref.userId.length : 0)
}

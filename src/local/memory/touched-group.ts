import type { ChangeRef } from '../../backend/port.js'
import type { MembershipRow } from '../../formats/record-parts.js'
import type { UserId } from '../../model/ids.js'

/** What a live generation knows of a group beside its messages. */
export class TouchedGroup {
  /** Changes that are no messages. */
  readonly refs: ChangeRef[] = []
  /** Messages by writer: the number of own ones before this generation, and the seqs since. */
  readonly own = new Map<UserId, { before: number; seqs: number[] }>()
  readonly memberships = new Map<UserId, MembershipRow>()
  /** Ordinals that came and went. */
  readonly roll = new Map<number, UserId | null>()
}

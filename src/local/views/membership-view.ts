import type { MembershipRow } from '../../formats/record-parts.js'
import type { Membership } from '../../model/group.js'
import type { Position, UserId } from '../../model/ids.js'

export function toMembership(row: MembershipRow): Membership {
  const { user, intervals, ordinal, ownAtJoin, position } = row
  return { userId: user as UserId, intervals, ordinal, ownAtJoin, position: position as Position }
}

import { hasEnded } from '../model/conversation.js'
import type { Membership } from '../model/group.js'

/** True for a member who is in the group now, not one who left it. */
export function isPresent(membership: Membership | null): membership is Membership {
  return membership !== null && !hasEnded(membership.intervals)
}

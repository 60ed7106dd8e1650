import { hasEnded } from '../model/conversation.js'
import type { Membership } from '../model/group.js'

/** True for a present member, false for one who left. */
export function isPresent(membership: Membership | null): membership is Membership {
  return membership !== null && !hasEnded(membership.intervals)
}

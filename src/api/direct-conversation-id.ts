import { defaultLimits } from '../limits.js'
import { directConversationId as idOf } from '../model/direct-conversation-id.js'
import type { ConversationId } from '../model/ids.js'
import { checkUserId } from './arguments.js'

/**
 * The id of the direct conversation of two users, the same in either order: `d.` and 168 bits of SHA-256 over the sorted
 * pair, each id with its length in front so that no two pairs give the same bytes. It is public, so that clients can
 * name the conversation before it begins. Throws INVALID_ARGUMENT for what cannot be a user's id: 1 to 256 bytes of well-formed
 * Unicode.
 */
export function directConversationId(a: string, b: string): ConversationId {
  return idOf(checkUserId(a, 'a', defaultLimits), checkUserId(b, 'b', defaultLimits))
}

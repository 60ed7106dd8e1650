import { MOVED } from '../backend/port.js'
import type { Backend, ConversationChange, ConversationHandle, MaybePromise } from '../backend/port.js'
import type { GroupState } from '../model/group.js'
import type { UserId } from '../model/ids.js'
import type { DomainContext } from './context.js'
import { maxMoves, movedTooOften } from './lanes.js'
import { placedInCall, type PathOf } from './participants.js'

/**
 * For a write that has nothing to write, because what is shown is what it asks for. Throws after a write of unknown outcome:
 * what is shown then may never have been stored.
 */
export function assertShownIsStored(backend: Backend): void {
  const refusal = backend.refusal()
  if (refusal !== null) throw refusal
}

/**
 * Decides on a change of a conversation in its lane and commits it; `decide` gives null when there is nothing to change. The
 * lane is held until the change is durable, unlike that of a send: changes are rare, and in return `decide` finds members and
 * blocks as they are for good, and may answer "it is so already" from them. Resolves with the group as it is then, null for a
 * direct conversation. `pathOf` says where the call names users that the change has.
 */
export function commitChange(
  context: DomainContext,
  handle: ConversationHandle,
  viewer: UserId,
  decide: () => MaybePromise<ConversationChange | null>,
  pathOf?: PathOf,
): Promise<GroupState | null> {
  const { backend, lanes } = context
  return lanes.run(handle, async () => {
    for (let moves = 0; moves < maxMoves; moves += 1) {
      await backend.load(handle, viewer)
      const change = await decide()
      if (change === null) {
        assertShownIsStored(backend)
        return handle.group
      }
      try {
        if ((await backend.commit(handle, handle.head, change)) !== MOVED) return handle.group
      } catch (error) {
        throw pathOf === undefined ? error : placedInCall(error, usersOf(change), pathOf)
      }
    }
    throw movedTooOften()
  })
}

/** Those whom a backend may refuse by their place. */
function usersOf(change: ConversationChange): readonly UserId[] {
  if (change.kind === 'create') return change.members
  return change.kind === 'join' ? change.users : []
}

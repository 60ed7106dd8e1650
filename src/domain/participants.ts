import { andThen } from '../async/maybe-promise.js'
import type { Backend, ConversationHandle, MaybePromise } from '../backend/port.js'
import { ColumbaError, isColumbaError } from '../errors.js'
import type { Participation, Standing } from '../model/conversation.js'
import type { ConversationId, UserId } from '../model/ids.js'
import type { DomainContext } from './context.js'

/** How a reader names a conversation: by its id, or as the direct one with another user. */
export type Target = { readonly conversationId: ConversationId } | { readonly peer: UserId }

/** A user's part in the conversation that was named; null for a direct one, named by its peer, that has not begun. */
export interface Seen {
  readonly handle: ConversationHandle
  readonly participation: Participation | null
}

/** One code for everything that a user has no part in, so that a caller cannot find out what exists. */
export function notAMember(): ColumbaError {
  return new ColumbaError('NOT_A_MEMBER', 'the user is not a member of this conversation')
}

/** Where a call names a user, by field and place in a list: errors say that, and never the id. */
export interface ArgumentPath {
  readonly field: string
  readonly index?: number
}

export type PathOf = (user: UserId) => ArgumentPath

export function userNotFound(path: ArgumentPath): ColumbaError {
  return new ColumbaError('USER_NOT_FOUND', `${whoIs(path)} is no registered user`, { ...path })
}

/** BLOCKED: the user at this place has blocked the caller. */
export function blockedBy(path: ArgumentPath): ColumbaError {
  return new ColumbaError('BLOCKED', `${whoIs(path)} has blocked who asks`, { ...path })
}

/**
 * What the backend refuses for one of the users of a change, whom it knows by the place there (`index`), said of the place that
 * the user has in the call. Any other error as it is.
 */
export function placedInCall(error: unknown, users: readonly UserId[], pathOf: PathOf): unknown {
  if (!isColumbaError(error)) return error
  const { index, ...details } = error.details
  const user = typeof index === 'number' ? users[index] : undefined
  if (user === undefined) return error
  const path = pathOf(user)
  return new ColumbaError(
    error.code,
    `${whoIs(path)}: ${error.message}`,
    { ...details, ...path },
    error.cause,
  )
}

function whoIs({ field, index }: ArgumentPath): string {
  if (field === 'conversationId') return 'the other participant of conversationId'
  return index === undefined ? field : `${field}[${index}]`
}

/** Throws USER_NOT_FOUND where only registered users exist and this one is none. */
export function requireUser(context: DomainContext, user: UserId, field: string): MaybePromise<void> {
  if (context.usersMode === 'open') return undefined
  return requireRegistered(context, user, () => ({ field }))
}

/** Like `requireUser`, for several; `pathOf` is asked about the first one that is not registered. */
export function requireUsers(
  context: DomainContext,
  users: readonly UserId[],
  pathOf: PathOf,
): MaybePromise<void> {
  if (context.usersMode === 'open') return undefined
  let checked: MaybePromise<void> = undefined
  for (const user of users) checked = andThen(checked, () => requireRegistered(context, user, pathOf))
  return checked
}

function requireRegistered(context: DomainContext, user: UserId, pathOf: PathOf): MaybePromise<void> {
  return andThen(context.backend.user(user), (entry) => {
    if (entry === null) throw userNotFound(pathOf(user))
  })
}

/** By what is its own: `Object.prototype.peer` is nobody's. */
function isByPeer(target: Target): target is Extract<Target, { readonly peer: UserId }> {
  return Object.hasOwn(target, 'peer')
}

export function handleOf(backend: Backend, user: UserId, target: Target): ConversationHandle {
  return isByPeer(target) ? backend.direct(user, target.peer) : backend.conversation(target.conversationId)
}

/** The user's part in a conversation; null for a direct one, named by its peer, that has not begun. */
export function partIn<Part extends Standing>(found: Part | null, target: Target): Part | null {
  // A direct conversation begins with its first message; a block or a mark before that does not make one.
  const part = found?.kind === 'direct' && found.head === 0 ? null : found
  if (part === null && !isByPeer(target)) throw notAMember()
  return part
}

/** Looks at a conversation on behalf of a user, as far as readers see it: NOT_A_MEMBER for a user who never had a part. */
export function see(context: DomainContext, user: UserId, target: Target): MaybePromise<Seen> {
  return andThen(requireUser(context, user, 'userId'), () => {
    const handle = handleOf(context.backend, user, target)
    return andThen(context.backend.participation(user, handle), (found) => ({
      handle,
      participation: partIn(found, target),
    }))
  })
}

import type { DomainContext } from '../domain/context.js'
import { Groups } from '../domain/groups.js'
import type { GroupDraft, Member } from '../domain/groups.js'
import { ColumbaError } from '../errors.js'
import type { Limits } from '../limits.js'
import { directPrefix } from '../model/direct-conversation-id.js'
import type { Group } from '../model/group.js'
import type { ConversationId, UserId } from '../model/ids.js'
import type { Page } from '../model/page.js'
import { unreadable } from '../model/unreadable.js'
import { checkFields, checkConversationId, checkText, checkUserId, invalid } from './arguments.js'
import type { Calls } from './calls.js'
import { takeRepeatable } from './former-limits.js'
import { checkPage } from './page-arguments.js'
import type { PageOptions } from './page-arguments.js'

export interface CreateGroupRequest {
  readonly creator: string
  /** At most `limits.titleBytes` bytes. */
  readonly title?: string | undefined
  /** The creator is one of them in any case; duplicates are ignored. */
  readonly members: readonly string[]
  /** Makes the call repeatable. By default a new id. It may not begin with `d.`. */
  readonly id?: string | undefined
}

/** `store.groups` */
export class GroupCalls {
  readonly #calls: Calls
  readonly #groups: Groups

  constructor(context: DomainContext, calls: Calls) {
    this.#calls = calls
    this.#groups = new Groups(context)
  }

  /**
   * Makes a group. A repeat with the same id and content gives the group as it is now; with other content it is
   * IDEMPOTENCY_CONFLICT. BLOCKED, and no group, if one of the members has blocked the creator.
   */
  create(request: CreateGroupRequest): Promise<Group> {
    return this.#calls.run((limits) => {
      const taken = takeRepeatable(limits, (within) => checkGroup(request, within))
      return this.#groups.create(taken.arguments, taken.excess)
    })
  }

  /**
   * Any member adds others, all or none; present members are ignored. BLOCKED if one of the others has blocked the one who adds
   * them.
   */
  addMembers(actorId: string, conversationId: string, userIds: readonly string[]): Promise<Group> {
    return this.#calls.run((limits) => {
      const [actor, group] = checkActor(actorId, conversationId, limits)
      return this.#groups.addMembers(actor, group, checkUsers(userIds, 'userIds', limits))
    })
  }

  /**
   * Removes a member, or oneself: that is leaving. Only the owner removes others, NOT_PERMITTED otherwise. When the owner
   * leaves, the longest member follows, and is the owner in the answer. For the owner no error if the user is no member; who
   * leaves a second time is NOT_A_MEMBER.
   */
  removeMember(actorId: string, conversationId: string, userId: string): Promise<Group> {
    return this.#calls.run((limits) => {
      const [actor, group] = checkActor(actorId, conversationId, limits)
      return this.#groups.removeMember(actor, group, checkUserId(userId, 'userId', limits))
    })
  }

  /** Gives the group another title. Any member may. */
  rename(actorId: string, conversationId: string, title: string): Promise<Group> {
    return this.#calls.run((limits) => {
      const [actor, group] = checkActor(actorId, conversationId, limits)
      return this.#groups.rename(actor, group, checkText(title, 'title', limits.titleBytes))
    })
  }

  /** The present members in the order of joining, for one of them. Default: pages of 50. */
  members(userId: string, conversationId: string, options?: PageOptions): Promise<Page<Member>> {
    return this.#calls.run((limits) => {
      const user = checkUserId(userId, 'userId', limits)
      const group = checkConversationId(conversationId, 'conversationId', limits)
      return this.#groups.members(user, group, checkPage(options, limits))
    })
  }
}

function checkGroup(request: CreateGroupRequest, limits: Limits): GroupDraft {
  const { creator, title, members, id } = checkFields(request, 'group', ['creator', 'title', 'members', 'id'])
  return {
    creator: checkUserId(creator, 'creator', limits),
    title: title === undefined ? undefined : checkText(title, 'title', limits.titleBytes),
    members: checkUsers(members, 'members', limits),
    id: id === undefined ? undefined : checkGroupId(id, limits),
  }
}

function checkActor(actorId: string, conversationId: string, limits: Limits): [UserId, ConversationId] {
  return [
    checkUserId(actorId, 'actorId', limits),
    checkConversationId(conversationId, 'conversationId', limits),
  ]
}

function checkGroupId(value: unknown, limits: Limits): ConversationId {
  const id = checkConversationId(value, 'id', limits)
  if (id.startsWith(directPrefix)) throw invalid('id', `may not begin with ${directPrefix}`)
  return id
}

/** A copy of the caller's list of ids. */
function checkUsers(value: unknown, field: string, limits: Limits): UserId[] {
  const { idsPerCall } = limits
  try {
    if (!Array.isArray(value)) throw invalid(field, 'must be an array of ids')
    const { length } = value
    if (length > idsPerCall)
      throw new ColumbaError('TOO_LARGE', `${field} has more than ${idsPerCall} ids`, {
        field,
        limit: idsPerCall,
      })
    // Not by its iterator, which may be another one and give more.
    return Array.from({ length }, (_, index) => checkUserId(value[index], `${field}[${index}]`, limits))
  } catch (error) {
    throw unreadable(field, error)
  }
}

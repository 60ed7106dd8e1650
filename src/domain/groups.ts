import { createHash } from 'node:crypto'
import type { Backend, ConversationChange, ConversationHandle, MaybePromise } from '../backend/port.js'
import { ColumbaError } from '../errors.js'
import { isPresent, type Group, type GroupState } from '../model/group.js'
import type { ConversationId, UserId } from '../model/ids.js'
import type { Page } from '../model/page.js'
import { commitChange } from './commit-change.js'
import type { DomainContext } from './context.js'
import { readCursor, writeCursor } from './cursors.js'
import { blockedBy, notAMember, requireUser, requireUsers } from './participants.js'
import type { PathOf } from './participants.js'

export interface GroupDraft {
  readonly creator: UserId
  readonly title?: string | undefined
  /** The creator and duplicates in it are ignored. */
  readonly members: readonly UserId[]
  /** Not like that of a direct conversation. */
  readonly id?: ConversationId | undefined
}

export interface MemberPageOptions {
  readonly limit: number
  readonly cursor?: string | undefined
}

export interface Member {
  readonly userId: UserId
}

/**
 * Groups and their members. Each call is decided in the group's lane, so calls of one group take effect in the order in which
 * they were made, together with the sends.
 */
export class Groups {
  readonly #context: DomainContext
  readonly #backend: Backend

  constructor(context: DomainContext) {
    this.#context = context
    this.#backend = context.backend
  }

  /**
   * Makes a group. A repeat with the same id and content gives the group as it is now; other content is
   * IDEMPOTENCY_CONFLICT. BLOCKED, with nothing stored, if one of the members has blocked the creator. A new one that is
   * beyond the limits of today is refused with `excess`.
   */
  async create({ creator, title, members, id }: GroupDraft, excess?: ColumbaError): Promise<Group> {
    if (id === undefined && excess !== undefined) throw excess
    const all = [...new Set([creator, ...members])]
    const pathOf: PathOf = (user) =>
      user === creator ? { field: 'creator' } : { field: 'members', index: members.indexOf(user) }
    const createdAs = digestOf(creator, title, all)
    const handle = this.#backend.conversation(
      id ?? (this.#backend.newMessageId() as string as ConversationId),
    )
    const decide = async (): Promise<ConversationChange | null> => {
      if (handle.group !== null) {
        if (handle.group.createdAs === createdAs) return null
        throw new ColumbaError('IDEMPOTENCY_CONFLICT', 'there is a group with this id and other content')
      }
      if (excess !== undefined) throw excess
      await requireUsers(this.#context, all, pathOf)
      this.#limitMembers(all.length)
      await this.#refuseBlockers(creator, all, pathOf)
      return { kind: 'create', creator, title, members: all, createdAs }
    }
    return toGroup(await commitChange(this.#context, handle, creator, decide, pathOf))
  }

  /** Adds members, all or none; present members are ignored. Any member may. */
  async addMembers(actor: UserId, id: ConversationId, users: readonly UserId[]): Promise<Group> {
    const pathOf: PathOf = (user) => ({ field: 'userIds', index: users.indexOf(user) })
    const decide = async (
      handle: ConversationHandle,
      state: GroupState,
    ): Promise<ConversationChange | null> => {
      const added: UserId[] = []
      for (const user of new Set(users)) {
        if (!isPresent(await this.#backend.member(handle, user))) added.push(user)
      }
      if (added.length === 0) return null
      await requireUsers(this.#context, added, pathOf)
      this.#limitMembers(state.memberCount + added.length)
      await this.#refuseBlockers(actor, added, pathOf)
      return { kind: 'join', users: added }
    }
    return this.#change(actor, id, decide, pathOf)
  }

  /**
   * Removes a member, or oneself: that is leaving. Only the owner removes others, NOT_PERMITTED otherwise; when the
   * owner leaves, the longest member is the next. One who is no member is removed already.
   */
  removeMember(actor: UserId, id: ConversationId, user: UserId): Promise<Group> {
    return this.#change(actor, id, async (handle, { owner }) => {
      if (user !== actor && owner !== actor) {
        throw new ColumbaError('NOT_PERMITTED', 'only the owner of a group removes others')
      }
      if (!isPresent(await this.#backend.member(handle, user))) return null
      return { kind: 'leave', user, owner: user === owner ? await this.#longestMember(handle, user) : owner }
    })
  }

  /** Gives the group another title. Any member may. */
  rename(actor: UserId, id: ConversationId, title: string): Promise<Group> {
    return this.#change(actor, id, (_handle, state) =>
      state.title === title ? null : { kind: 'rename', title },
    )
  }

  /** Present members in the order of joining, for a present member. */
  members(user: UserId, id: ConversationId, { limit, cursor }: MemberPageOptions): Promise<Page<Member>> {
    const scope = ['members', user, id]
    const handle = this.#backend.conversation(id)
    return this.#context.lanes.look(handle, async () => {
      await requireUser(this.#context, user, 'userId')
      const after = cursor === undefined ? 0 : readCursor(scope, cursor, ['number'])[0]
      await this.#backend.load(handle, user)
      await this.#requireMember(handle, user)
      // One more than asked for, so that the last page knows that it is the last.
      const found = await this.#backend.members(handle, after, limit + 1)
      const page = found.slice(0, limit)
      const last = page.at(-1)
      return Object.freeze({
        items: Object.freeze(page.map(({ userId }) => Object.freeze({ userId }))),
        next: found.length > limit && last !== undefined ? writeCursor(scope, [last.ordinal]) : null,
      })
    })
  }

  async #change(
    actor: UserId,
    id: ConversationId,
    decide: (handle: ConversationHandle, state: GroupState) => MaybePromise<ConversationChange | null>,
    pathOf?: PathOf,
  ): Promise<Group> {
    const handle = this.#backend.conversation(id)
    const decideAsMember = async (): Promise<ConversationChange | null> => {
      await requireUser(this.#context, actor, 'actorId')
      return decide(handle, await this.#requireMember(handle, actor))
    }
    return toGroup(await commitChange(this.#context, handle, actor, decideAsMember, pathOf))
  }

  /**
   * NOT_A_MEMBER for all but present members of the group, whether it exists or not. A direct conversation is there once it has a
   * message: before that it may be in memory because the other one has looked, or blocked, which nobody is to see.
   */
  async #requireMember(handle: ConversationHandle, user: UserId): Promise<GroupState> {
    if (handle.durableHead > 0 && handle.kind === 'direct' && handle.pair?.includes(user) === true) {
      throw new ColumbaError('INVALID_ARGUMENT', 'a direct conversation is not a group', {
        field: 'conversationId',
      })
    }
    if (handle.group === null || !isPresent(await this.#backend.member(handle, user))) throw notAMember()
    return handle.group
  }

  async #longestMember(handle: ConversationHandle, except: UserId): Promise<UserId | null> {
    const longest = await this.#backend.members(handle, 0, 2)
    return longest.find(({ userId }) => userId !== except)?.userId ?? null
  }

  async #refuseBlockers(actor: UserId, added: readonly UserId[], pathOf: PathOf): Promise<void> {
    for (const user of added) {
      const entry = await this.#backend.contact(user, actor)
      if (entry?.blocked === true) throw blockedBy(pathOf(user))
    }
  }

  #limitMembers(count: number): void {
    const { groupMembers } = this.#context.limits
    if (count > groupMembers) {
      throw new ColumbaError('TOO_LARGE', `a group has at most ${groupMembers} members`, {
        name: 'groupMembers',
        limit: groupMembers,
      })
    }
  }
}

/** What `create` was given; the order of the members does not matter. */
function digestOf(creator: UserId, title: string | undefined, members: readonly UserId[]): string {
  const content = JSON.stringify([creator, title ?? null, members.toSorted()])
  return createHash('sha256').update(content).digest('base64url')
}

function toGroup(state: GroupState | null): Group {
  if (state === null) throw new ColumbaError('CORRUPT', 'the group is gone behind its change')
  const { id, title, creator, owner, memberCount, createdAt } = state
  return Object.freeze({
    id,
    ...(title === undefined ? {} : { title }),
    creator,
    owner,
    memberCount,
    createdAt,
  })
}

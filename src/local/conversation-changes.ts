import type { Committed, ConversationChange } from '../backend/port.js'
import { foundingMembership, type GroupRow, type MembershipRow } from '../formats/record-parts.js'
import { noMarks } from '../model/conversation.js'
import type { ConversationId, Position, UserId } from '../model/ids.js'
import type { Applier } from './writes/applier.js'
import type { Loader } from './reads/loader.js'
import { type ConversationEntry, GroupPart, ListNode } from './memory/entries.js'
import type { TouchedGroup } from './memory/touched-group.js'
import type { Memory } from './memory/memory.js'
import type { Contacts } from './contacts.js'
import type { LargeGroups } from './large-groups.js'
import { joinedMembership, type Joiner } from './rejoining.js'
import type { Writer } from './writes/writer.js'

export interface ConversationChangeParts {
  readonly memory: Memory
  readonly loader: Loader
  readonly writer: Writer
  readonly applier: Applier
  /** Members above which messages are merged in while reading instead of written to each list. */
  readonly fanOut: number
  readonly contacts: Contacts
  readonly largeGroups: LargeGroups
}

type Change<Kind extends ConversationChange['kind']> = Extract<ConversationChange, { kind: Kind }>

/** Changes of conversations that are no messages: blocks, and everything about groups and their members. */
export class ConversationChanges {
  readonly #parts: ConversationChangeParts

  constructor(parts: ConversationChangeParts) {
    this.#parts = parts
  }

  async commit(entry: ConversationEntry, change: ConversationChange): Promise<Committed> {
    switch (change.kind) {
      case 'block':
        return this.#block(entry, change)
      case 'create':
        return this.#create(entry, change)
      case 'join':
        return this.#join(entry, change)
      case 'leave':
        return this.#leave(entry, change)
      case 'rename':
        return this.#rename(entry, change)
    }
  }

  async #block(entry: ConversationEntry, { blocker, blocked }: Change<'block'>): Promise<Committed> {
    const { writer, applier, contacts } = this.#parts
    const [first, second] = entry.pair as readonly [UserId, UserId]
    const other = blocker === first ? second : first
    return contacts.withContact(blocker, other, (before) => {
      const contact = { ...before, blocked }
      const event = writer.commit(entry, (position, time) => {
        const head = {
          head: entry.head,
          n0: entry.n0,
          position: entry.lastPosition,
          timestamp: entry.lastTimestamp,
          firstBlocked: blocker === second ? blocked : entry.firstBlocked,
          secondBlocked: blocker === first ? blocked : entry.secondBlocked,
        }
        return {
          record: { kind: 'block', time, blocker, other, contact, head, previous: entry.lastPosition },
          begin: () => {
            // Until it is durable the conversation stays in memory, for good if it never is: nothing stored says it.
            entry.holds++
            entry.firstBlocked = head.firstBlocked
            entry.secondBlocked = head.secondBlocked
          },
          apply: () => {
            applier.begun(entry)
            applier.touch(entry)
            entry.holds--
            const own = applier.touchUser(blocker).makeOwn()
            own.putContact({ contactId: other, ...contact, position: position as Position })
            applier.addUserRef(blocker, { position: position as Position, kind: 'contact', userId: other })
          },
        }
      })
      return contacts.whileUnderWay(blocker, other, contact, event.promise)
    })
  }

  async #create(entry: ConversationEntry, change: Change<'create'>): Promise<Committed> {
    const { creator, title, members, createdAs } = change
    if (members.length > this.#parts.fanOut) await this.#parts.largeGroups.check(members, entry.id)
    const conversationId = entry.id
    const event = this.#parts.writer.commit(entry, (position, time) => {
      const row: GroupRow = {
        title,
        creator,
        owner: creator,
        createdAt: time,
        createdAs,
        memberCount: members.length,
        lastOrdinal: members.length,
        large: members.length > this.#parts.fanOut,
        position,
      }
      const founding = members.map((user, i) => foundingMembership(user, i + 1, position, time))
      const part = new GroupPart(row, null, row.large ? null : founding)
      for (const user of members) part.ordinals.set(user, 0)
      return {
        record: { kind: 'create', time, conversation: conversationId, group: row, members },
        begin: () => {
          entry.kind = 'group'
          entry.groupPart = part
          entry.known = entry.loaded = true
          entry.lastTimestamp = entry.timestamp = time
        },
        apply: () => {
          part.durable = row
          const touched = this.#touch(entry)
          const at = position as Position
          for (const membership of founding) this.#joined(entry, part, touched, membership)
          this.#parts.memory.chargeMembers(entry)
          for (const userId of members)
            touched.refs.push({ position: at, kind: 'member', conversationId, userId })
          touched.refs.push({ position: at, kind: 'conversation', conversationId })
          this.#parts.applier.newsOfGroup(conversationId)
        },
      }
    })
    return event.promise
  }

  async #join(entry: ConversationEntry, { users }: Change<'join'>): Promise<Committed> {
    const { writer, loader, fanOut } = this.#parts
    const part = entry.groupPart as GroupPart
    const before: Joiner[] = []
    for (const user of users) {
      const former = await loader.membership(user, entry)
      before.push({
        user,
        former,
        own: former === null ? 0 : await loader.ownOrdinal(user, entry, entry.durableHead),
      })
    }
    await this.#checkLarge(entry, part, users)
    const event = writer.commit(entry, (position, time) => {
      const image = writer.groupImage(entry, part)
      const memberCount = part.row.memberCount + users.length
      const large = part.row.large || memberCount > fanOut
      const becameLarge = large && !part.row.large
      const lastOrdinal = part.row.lastOrdinal + users.length
      const group: GroupRow = { ...part.row, memberCount, lastOrdinal, large, position }
      const joined = before.map((one, i) => ({
        membership: joinedMembership(one, {
          from: entry.head + 1,
          ordinal: part.row.lastOrdinal + 1 + i,
          position,
          time,
        }),
        previous: one.former?.place ?? 0,
      }))
      return {
        record: { kind: 'join', time, conversation: entry.id, group, image, joined, becameLarge },
        begin: () => {
          for (const { user, own } of before) part.ordinals.set(user, own)
          part.row = group
        },
        apply: () => {
          this.#applyJoin(entry, part, group, joined, becameLarge)
        },
      }
    })
    return event.promise
  }

  #applyJoin(
    entry: ConversationEntry,
    part: GroupPart,
    group: GroupRow,
    joined: readonly { readonly membership: MembershipRow }[],
    becameLarge: boolean,
  ): void {
    const position = group.position as Position
    const conversationId = entry.id
    part.durable = group
    const touched = this.#touch(entry)
    if (becameLarge) this.#becameLarge(entry, part)
    for (const { membership } of joined) {
      const userId = membership.user as UserId
      this.#parts.loader.keepMember(entry, membership, 'changed')
      this.#joined(entry, part, touched, membership)
      touched.refs.push({ position, kind: 'member', conversationId, userId })
    }
    touched.refs.push({ position, kind: 'conversation', conversationId })
    this.#changed(conversationId, part)
  }

  async #leave(entry: ConversationEntry, { user, owner }: Change<'leave'>): Promise<Committed> {
    const { writer, loader } = this.#parts
    const part = entry.groupPart as GroupPart
    const present = (await loader.membership(user, entry)) as MembershipRow
    const event = writer.commit(entry, (position, time) => {
      const image = writer.groupImage(entry, part)
      const { from } = present.intervals.at(-1) as { from: number }
      const group: GroupRow = { ...part.row, owner, memberCount: part.row.memberCount - 1, position }
      const membership: MembershipRow = {
        ...present,
        intervals: [...present.intervals.slice(0, -1), { from, to: entry.head }],
        place: entry.head >= from ? entry.lastPosition : present.joined,
        left: { title: group.title, memberCount: group.memberCount },
        position,
      }
      return {
        record: { kind: 'leave', time, conversation: entry.id, group, image, membership },
        begin: () => {
          part.row = group
        },
        apply: () => {
          this.#applyLeave(entry, part, group, membership)
        },
      }
    })
    return event.promise
  }

  #applyLeave(entry: ConversationEntry, part: GroupPart, group: GroupRow, membership: MembershipRow): void {
    const { loader, memory, applier } = this.#parts
    const position = group.position as Position
    const user = membership.user as UserId
    const conversationId = entry.id
    part.durable = group
    const touched = this.#touch(entry)
    loader.keepMember(entry, membership, 'changed')
    // Behind all that was numbered by it: who comes back is counted anew.
    part.ordinals.delete(user)
    touched.memberships.set(user, membership)
    touched.roll.set(membership.ordinal, null)
    touched.refs.push({ position, kind: 'member', conversationId, userId: user })
    touched.refs.push({ position, kind: 'conversation', conversationId })
    applier.touchUser(user).makeOwn().putMembership(conversationId, membership)
    if (group.large) applier.touchUser(user).addOnce(applier.touch(entry))
    const known = memory.peekUser(user)
    if (known !== undefined) {
      known.memberships?.set(conversationId, membership)
      const node = part.nodes.get(user)
      if (node !== undefined) {
        node.membership = membership
        memory.replaceNode(node, 'list')
      }
      known.arrived(entry)
      known.counting?.add(entry)
      known.unread?.delete(conversationId)
      memory.lists.chargeBeside(known)
      known.changed()
    }
    this.#changed(conversationId, part)
    applier.news(user)
  }

  #rename(entry: ConversationEntry, { title }: Change<'rename'>): Promise<Committed> {
    const { writer } = this.#parts
    const part = entry.groupPart as GroupPart
    const conversationId = entry.id
    const event = writer.commit(entry, (position, time) => {
      const image = writer.groupImage(entry, part)
      const group: GroupRow = { ...part.row, title, position }
      return {
        record: { kind: 'rename', time, conversation: conversationId, group, image },
        begin: () => {
          part.row = group
        },
        apply: () => {
          part.durable = group
          this.#touch(entry).refs.push({
            position: position as Position,
            kind: 'conversation',
            conversationId,
          })
          this.#changed(conversationId, part)
        },
      }
    })
    return event.promise
  }

  /** Those who join a large group, and everybody in one that becomes large by it, must have room for it. */
  async #checkLarge(entry: ConversationEntry, part: GroupPart, users: readonly UserId[]): Promise<void> {
    if (part.row.large) await this.#parts.largeGroups.check(users, entry.id)
    else if (part.row.memberCount + users.length > this.#parts.fanOut) {
      await this.#parts.largeGroups.check(users, entry.id, [...(part.present?.keys() ?? [])])
    }
  }

  #touch(entry: ConversationEntry): TouchedGroup {
    return this.#parts.applier.touch(entry).group as TouchedGroup
  }

  /** A member is in from now on: in the generation, and in what the cache has of the user. */
  #joined(entry: ConversationEntry, part: GroupPart, touched: TouchedGroup, membership: MembershipRow): void {
    const { memory, applier } = this.#parts
    const user = membership.user as UserId
    touched.memberships.set(user, membership)
    touched.roll.set(membership.ordinal, user)
    const inGeneration = applier.touchUser(user)
    inGeneration.makeOwn().putMembership(entry.id, membership)
    applier.joined(user, entry.id)
    inGeneration.addOnce(applier.touch(entry))
    const known = memory.peekUser(user)
    if (known === undefined) return
    known.memberships?.set(entry.id, membership)
    memory.lists.chargeBeside(known)
    known.arrived(entry)
    known.counting?.add(entry)
    const large = part.durable?.large === true
    let node = part.nodes.get(user)
    if (node !== undefined) {
      node.membership = membership
      node.view = null
      if (large) memory.replaceNode(node, 'large')
      else memory.raise(node)
    } else if (known.listed) {
      const first = membership.joinedBefore.length === 0
      node = new ListNode(known, entry, first ? noMarks : null)
      node.membership = membership
      node.own = membership.ownAtJoin
      memory.addNode(node, large ? 'large' : 'newest')
    }
    known.changed()
  }

  /** From now on messages touch no list: members in memory keep the group beside it. */
  #becameLarge(entry: ConversationEntry, part: GroupPart): void {
    const { memory, applier } = this.#parts
    const touched = applier.touch(entry)
    for (const [user, membership] of part.present ?? []) {
      // Its row moves within the stored list: whoever reads the list during the flush finds the group here.
      applier.touchUser(user).addOnce(touched)
      const known = memory.peekUser(user)
      if (known === undefined) continue
      known.unread?.delete(entry.id)
      memory.lists.chargeBeside(known)
      known.changed()
      const node = part.nodes.get(user)
      if (node !== undefined) memory.replaceNode(node, 'large')
      else if (known.listed) {
        const added = new ListNode(known, entry, null)
        added.membership = membership
        memory.addNode(added, 'large')
      }
      known.arrived(entry)
    }
    part.becomeLarge()
  }

  /** Title, owner or number of members: everybody's view is another one. */
  #changed(group: ConversationId, part: GroupPart): void {
    for (const node of part.nodes.values()) {
      node.view = null
      node.user.changed()
    }
    this.#parts.applier.newsOfGroup(group)
  }
}

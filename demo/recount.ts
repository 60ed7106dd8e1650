import type { Action, Outcome, Place, SendAction } from './actions.js'

export interface CountedMessage {
  readonly seq: number
  readonly sender: string
  readonly text: string
  readonly id: string | undefined
  readonly sentAt: number
  readonly deviceId: string | undefined
}

/** A stretch that a member may see: `from` ≤ seq ≤ `to`; `to` is null while the member is in. */
interface Stay {
  readonly from: number
  to: number | null
}

interface CountedMember {
  readonly stays: Stay[]
  read: number
  delivered: number
  /** Index of the action that moved the conversation to the top of the member's list. */
  lastActivity: number
}

interface CountedConversation {
  readonly name: string
  readonly group: string | null
  title: string | null
  readonly messages: CountedMessage[]
  readonly members: Map<string, CountedMember>
  readonly keys: Map<string, CountedMessage>
}

/** What a user's list must show of a conversation. */
export interface CountedRow {
  readonly conversation: CountedConversation
  readonly place: Place
  /** How often the user has joined. */
  readonly stays: number
  readonly left: boolean
  readonly unread: number
  readonly read: number
  readonly delivered: number
  readonly visible: readonly CountedMessage[]
}

/**
 * What must come of a script, counted in plain maps and arrays by the rules of the documentation alone: nothing in here
 * knows how the store does it.
 */
export class Recount {
  readonly conversations = new Map<string, CountedConversation>()
  readonly #byUser = new Map<string, Set<CountedConversation>>()
  readonly #blocks = new Set<string>()
  stored = 0

  /** All who are in a conversation. */
  get users(): readonly string[] {
    return [...this.#byUser.keys()]
  }

  find(user: string, place: Place): CountedConversation | undefined {
    return this.conversations.get(nameOf(user, place))
  }

  isMember(user: string, group: string): boolean {
    const member = this.conversations.get(group)?.members.get(user)
    return member !== undefined && isPresent(member)
  }

  membersOf(group: string): string[] {
    return presentOf(this.conversations.get(group))
  }

  isBlocked(sender: string, by: string): boolean {
    return this.#blocks.has(JSON.stringify([by, sender]))
  }

  apply(action: Action, index: number): Outcome {
    switch (action.kind) {
      case 'send':
        return this.#send(action, index)
      case 'read':
      case 'delivered':
        return this.#mark(action)
      case 'block':
      case 'unblock': {
        const key = JSON.stringify([action.user, action.other])
        if (action.kind === 'block') this.#blocks.add(key)
        else this.#blocks.delete(key)
        return done
      }
      case 'create': {
        const group = this.#begin(action.group, action.group, action.title)
        for (const user of new Set([action.creator, ...action.members])) this.#join(group, user, index)
        return done
      }
      case 'add': {
        const group = this.conversations.get(action.group)
        if (group === undefined || !this.isMember(action.actor, action.group)) return refused('NOT_A_MEMBER')
        const added = [...new Set(action.users)].filter((user) => !this.isMember(user, action.group))
        if (added.some((user) => this.isBlocked(action.actor, user))) return refused('BLOCKED')
        for (const user of added) this.#join(group, user, index)
        return done
      }
      case 'remove': {
        if (!this.isMember(action.actor, action.group)) return refused('NOT_A_MEMBER')
        const group = this.conversations.get(action.group)
        const stay = group?.members.get(action.user)?.stays.at(-1)
        if (group !== undefined && stay?.to === null) stay.to = group.messages.length
        return done
      }
      case 'rename': {
        const group = this.conversations.get(action.group)
        if (group === undefined || !this.isMember(action.actor, action.group)) return refused('NOT_A_MEMBER')
        group.title = action.title
        return done
      }
    }
  }

  /** A user's list, most recent first. */
  rowsOf(user: string): CountedRow[] {
    const conversations = [...(this.#byUser.get(user) ?? [])]
    const activity = (conversation: CountedConversation) => conversation.members.get(user)?.lastActivity ?? -1
    return conversations
      .sort((a, b) => activity(b) - activity(a))
      .flatMap((conversation) => {
        const member = conversation.members.get(user)
        return member === undefined ? [] : [rowOf(conversation, user, member)]
      })
  }

  /**
   * The actions that decide the order of somebody's list, with those whose list it is: in one list the later of two
   * such actions stands above the earlier.
   */
  decisive(): Map<number, string[]> {
    const found = new Map<number, string[]>()
    for (const { members } of this.conversations.values()) {
      for (const [user, { lastActivity }] of members) {
        const users = found.get(lastActivity)
        if (users === undefined) found.set(lastActivity, [user])
        else users.push(user)
      }
    }
    return found
  }

  #send(action: SendAction, index: number): Outcome {
    const { sender, to, text, id, deviceId, sentAt } = action
    const name = nameOf(sender, to)
    const existing = this.conversations.get(name)
    const key = JSON.stringify(id === undefined ? [sender, sentAt, deviceId] : [sender, id])
    const first = existing?.keys.get(key)
    if (first !== undefined) {
      return first.text === text ? { is: 'duplicate', seq: first.seq } : refused('IDEMPOTENCY_CONFLICT')
    }
    if ('group' in to && !this.isMember(sender, to.group)) return refused('NOT_A_MEMBER')
    if ('peer' in to && this.isBlocked(sender, to.peer)) return refused('BLOCKED')

    const conversation = existing ?? this.#begin(name, null, null)
    if (existing === undefined && 'peer' in to) {
      this.#join(conversation, sender, index)
      if (to.peer !== sender) this.#join(conversation, to.peer, index)
    }
    const message = { seq: conversation.messages.length + 1, sender, text, id, sentAt, deviceId }
    conversation.messages.push(message)
    conversation.keys.set(key, message)
    for (const member of conversation.members.values()) if (isPresent(member)) member.lastActivity = index
    this.stored++
    return { is: 'stored', seq: message.seq }
  }

  #mark({ kind, user, at, seq }: Extract<Action, { kind: 'read' | 'delivered' }>): Outcome {
    const conversation = this.find(user, at)
    const member = conversation?.members.get(user)
    if (conversation === undefined || member === undefined) return refused('NOT_A_MEMBER')
    if (!isPresent(member)) return done
    const reached = Math.min(seq, conversation.messages.length)
    if (kind === 'read') member.read = Math.max(member.read, reached)
    member.delivered = Math.max(member.delivered, reached)
    return done
  }

  #begin(name: string, group: string | null, title: string | null): CountedConversation {
    const conversation = { name, group, title, messages: [], members: new Map(), keys: new Map() }
    this.conversations.set(name, conversation)
    return conversation
  }

  #join(conversation: CountedConversation, user: string, index: number): void {
    const member = conversation.members.get(user) ?? { stays: [], read: 0, delivered: 0, lastActivity: index }
    member.stays.push({ from: conversation.messages.length + 1, to: null })
    member.lastActivity = index
    conversation.members.set(user, member)
    const own = this.#byUser.get(user)
    if (own === undefined) this.#byUser.set(user, new Set([conversation]))
    else own.add(conversation)
  }
}

const done: Outcome = { is: 'done' }

function refused(code: string): Outcome {
  return { is: 'refused', code }
}

function nameOf(user: string, place: Place): string {
  return 'group' in place ? place.group : JSON.stringify([user, place.peer].sort())
}

function isPresent({ stays }: CountedMember): boolean {
  return stays.at(-1)?.to === null
}

function presentOf(conversation: CountedConversation | undefined): string[] {
  return [...(conversation?.members ?? [])].flatMap(([user, member]) => (isPresent(member) ? [user] : []))
}

function rowOf(conversation: CountedConversation, user: string, member: CountedMember): CountedRow {
  const { messages, group, members } = conversation
  const { stays, read, delivered } = member
  const visible = messages.filter(({ seq }) =>
    stays.some(({ from, to }) => seq >= from && (to === null || seq <= to)),
  )
  const since = stays.at(-1)?.from ?? 1
  const left = !isPresent(member)
  const unread = left
    ? 0
    : visible.filter(({ seq, sender }) => sender !== user && seq > read && seq >= since).length
  const peer = [...members.keys()].find((other) => other !== user) ?? user
  const place = group === null ? { peer } : { group }
  return { conversation, place, stays: stays.length, left, unread, read, delivered, visible }
}

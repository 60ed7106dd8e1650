import type { MessageStore } from '../../src/api/message-store.js'
import type { SeededChance } from '../../src/backend/reference/seeded-chance.js'
import { directConversationId } from '../../src/model/direct-conversation-id.js'
import type { FeedFollower } from './feed-follower.js'
import { claim } from './finding.js'
import { KnownTalk, type Sent } from './known-talk.js'
import { type KnownWorld, users } from './known-world.js'
import type { OpenCalls } from './open-calls.js'
import type { Swarm } from './swarm.js'
import { resolvePending } from './verify-world.js'

export interface CallsOptions {
  readonly chance: SeededChance
  readonly swarm: Swarm
  readonly known: KnownWorld
  readonly followers: readonly FeedFollower[]
  readonly open: OpenCalls
}

/** The clients: they make calls at random, and hold each answer against what they know. */
export class Calls {
  readonly #options: CallsOptions
  readonly #open: OpenCalls
  made = 0
  acknowledged = 0
  #ids = 0

  constructor(options: CallsOptions) {
    this.#options = options
    this.#open = options.open
  }

  /** The process is gone, and with it all that was under way. */
  crashed(): void {
    this.#open.crashed()
    this.#options.known.busyBlocks.clear()
    for (const follower of this.#options.followers) follower.busy = false
  }

  mayHaveLost(): void {
    const { known } = this.#options
    for (const talk of known.talks.values()) talk.forget()
    known.forgetBlocks()
  }

  make(store: MessageStore): void {
    this.made++
    const { chance } = this.#options
    const table: readonly (readonly [weight: number, make: (store: MessageStore) => void])[] = [
      [40, (to) => this.#send(to)],
      [12, (to) => this.#again(to)],
      [8, (to) => this.#mark(to)],
      [6, (to) => this.#page(to)],
      [6, (to) => this.#list(to)],
      [6, (to) => this.#pull(to)],
      [4, (to) => this.#block(to)],
      [this.#options.swarm.groups > 0 ? 8 : 0, (to) => this.#group(to)],
      [2, (to) => this.#checkpoint(to)],
      [3, (to) => this.#intrude(to)],
    ]
    let at = chance.below(table.reduce((sum, [weight]) => sum + weight, 0))
    for (const [weight, make] of table) {
      if (at < weight) return make(store)
      at -= weight
    }
  }

  #send(store: MessageStore): void {
    const { chance, known } = this.#options
    const sender = this.#user()
    const groups = known.groups
    const group = groups.length > 0 && chance.happens(0.4) ? groups[chance.below(groups.length)] : undefined
    const talk = group ?? known.direct(sender, this.#user())
    const text = 'm'.repeat(chance.happens(0.1) ? chance.below(3000) : chance.below(60)) + String(this.#ids)
    this.#sendTo(store, talk, sender, `id${this.#ids++}`, text)
  }

  /** A message that somebody tried to send, once more; whatever came of it. */
  #again(store: MessageStore): void {
    const { chance, known } = this.#options
    const talks = [...known.talks.values()].filter(({ sent }) => sent.size > 0)
    const talk = talks[chance.below(talks.length)]
    if (talk === undefined) return
    const all = [...talk.sent.values()]
    const sent = all[Math.max(0, all.length - 1 - chance.below(12))] as Sent
    this.#sendTo(store, talk, sent.sender, sent.id, sent.text)
  }

  #sendTo(store: MessageStore, talk: KnownTalk, sender: string, id: string, text: string): void {
    const { known } = this.#options
    const receiver = talk.direct === null ? null : talk.direct[0] === sender ? talk.direct[1] : talk.direct[0]
    const sent = talk.callSend(sender, id, text, ++this.#open.moment)
    const called = this.#open.moment
    const wasStored = sent.seq !== null
    const blockFrom = receiver === null ? 0 : known.blocks(receiver, sender).length - 1
    const mayBeBlocked = (): ReadonlySet<boolean> =>
      receiver === null ? new Set([false]) : known.blockedSince(receiver, sender, blockFrom)
    const before = talk.standing(sender)
    const request =
      receiver === null ? { sender, conversationId: talk.id, text, id } : { sender, receiver, text, id }
    this.#open.begin(`send ${talk.name} ${id}`, store.sendMessage(request), {
      ok: (receipt) => {
        talk.acknowledge(sent, receipt, this.#open.moment)
        this.acknowledged++
        if (receipt.duplicate) return
        claim(!wasStored, 'I6 stored again', talk.name, id)
        claim(called < this.#open.poisonedAt, 'I16 an acknowledgement behind the poison', talk.name, id)
        claim(mayBeBlocked().has(false), 'a blocked user sends', talk.name, id)
        claim(before !== 'out' || talk.standing(sender) !== 'out', 'a stranger sends', talk.name, id)
      },
      refused: (code) => {
        sent.open--
        if (wasStored) return code === 'POISONED'
        if (code === 'BLOCKED') return mayBeBlocked().has(true)
        if (code === 'NOT_A_MEMBER')
          return talk.direct === null && (before !== 'in' || talk.standing(sender) !== 'in')
        return false
      },
      unknown: () => {
        sent.open--
        sent.unknown = true
      },
    })
  }

  /**
   * Somebody sends into a direct conversation of two others, whose id anybody can work out, perhaps with an id from there; or reads
   * it, or marks something in it. Where only registered users exist, it may be somebody who does not.
   */
  #intrude(store: MessageStore): void {
    const { chance, swarm } = this.#options
    const talk = this.#someTalk()
    const isNobody = swarm.usersMode === 'registered' && chance.happens(0.5)
    const sender = isNobody ? 'nobody' : this.#user()
    if (talk === undefined || talk.direct === null || talk.direct.includes(sender)) return
    const conversationId = directConversationId(...talk.direct)
    const [known] = talk.sent.values()
    const id = known !== undefined && chance.happens(0.5) ? known.id : `id${this.#ids++}`
    const text = known?.text ?? 'let me in'
    const ways = [
      () => store.sendMessage({ sender, conversationId, text, id }),
      () => store.getMessages(sender, conversationId),
      () => store.markRead(sender, conversationId),
    ]
    const call: Promise<unknown> = (ways[chance.below(ways.length)] as () => Promise<unknown>)()
    this.#open.begin(`intrude ${talk.name} ${sender}`, call, {
      ok: () => claim(false, 'I20 a stranger gets in', talk.name, sender),
      refused: (code) => code === (isNobody ? 'USER_NOT_FOUND' : 'NOT_A_MEMBER'),
      unknown: () => undefined,
    })
  }

  #mark(store: MessageStore): void {
    const { chance } = this.#options
    const talk = this.#someTalk()
    const user = this.#user()
    if (talk === undefined || talk.id === '' || talk.standing(user) !== 'in') return
    const marks = talk.marksOf(user)
    const sawAll = talk.sawAll(user)
    const head = sawAll ? talk.ackedHead : 0
    const seq = chance.happens(0.3) ? undefined : 1 + chance.below(talk.sent.size + 2)
    // The head at the call: whatever is in the conversation by then has been sent.
    const most = seq ?? talk.sent.size
    const byReading = chance.happens(0.6)
    const wanted = Math.min(byReading ? most : (seq ?? 1), head)
    if (byReading) marks.mayRead = Math.max(marks.mayRead, most)
    marks.mayDelivered = Math.max(marks.mayDelivered, most)
    const call = byReading ? store.markRead(user, talk.id, seq) : store.markDelivered(user, talk.id, seq ?? 1)
    this.#open.begin(`mark ${talk.name} ${user}`, call, {
      ok: () => {
        const now = talk.marksOf(user)
        // For one who has left meanwhile it changes nothing.
        const least = talk.sawAll(user) ? wanted : 0
        if (byReading) now.read = Math.max(now.read, least)
        now.delivered = Math.max(now.delivered, least)
      },
      refused: (code) => code === 'NOT_A_MEMBER' && (head === 0 || talk.standing(user) !== 'in'),
      unknown: () => undefined,
    })
  }

  #page(store: MessageStore): void {
    const { chance } = this.#options
    const talk = this.#someTalk()
    const user = this.#user()
    if (talk === undefined || talk.id === '' || talk.standing(user) !== 'in') return
    const head = talk.sawAll(user) ? talk.ackedHead : 0
    const options = chance.happens(0.5) ? { limit: 1 + chance.below(20) } : { limit: 100, after: 0 }
    this.#open.begin(`page ${talk.name} ${user}`, store.getMessages(user, talk.id, options), {
      ok: ({ items }) => {
        for (const message of items) talk.observe(message, this.#open.moment)
        const newest = Math.max(0, ...items.map(({ seq }) => seq))
        claim(
          'after' in options ? newest >= Math.min(head, 100) : newest >= head,
          'I1 a page is behind',
          talk.name,
          head,
          newest,
        )
      },
      refused: (code) => code === 'NOT_A_MEMBER' && (head === 0 || talk.standing(user) !== 'in'),
      unknown: () => undefined,
    })
  }

  /** A walk over the list in small pages, while it moves. */
  #list(store: MessageStore): void {
    const { chance, known } = this.#options
    const user = this.#user()
    const heads = new Map<KnownTalk, number>()
    for (const talk of known.talks.values())
      if (talk.sawAll(user) && talk.certain && talk.ackedHead > 0) heads.set(talk, talk.ackedHead)
    const limit = 1 + chance.below(3)
    const walk = async (): Promise<{ id: string; peer?: string; headSeq: number }[]> => {
      const rows = []
      let page = await store.getConversations(user, { limit })
      rows.push(...page.items)
      while (page.next !== null) {
        page = await store.getConversations(user, { limit, cursor: page.next })
        rows.push(...page.items)
      }
      return rows
    }
    this.#open.begin(`list ${user}`, walk(), {
      ok: (rows) => {
        const seen = new Set<string>()
        for (const row of rows) {
          claim(!seen.has(row.id), 'I19 listed twice in a walk', user, row.id)
          seen.add(row.id)
        }
        for (const [talk, head] of heads) {
          if (!known.talks.has(talk.name)) continue
          const row = rows.find(({ id }) => id === talk.id)
          claim(row !== undefined, 'I19 missing in a walk', user, talk.name)
          claim(row.headSeq >= head, 'I1 a list is behind', user, talk.name, head, row.headSeq)
        }
      },
      refused: () => false,
      unknown: () => undefined,
      several: true,
    })
  }

  #pull(store: MessageStore): void {
    const { chance, followers } = this.#options
    const follower = followers[chance.below(followers.length)] as FeedFollower
    if (follower.busy || follower.mayResync) return
    follower.busy = true
    this.#open.begin('changes', follower.pull(store, 1 + chance.below(8)), {
      ok: () => {
        follower.busy = false
      },
      refused: () => {
        follower.busy = false
        return false
      },
      unknown: () => {
        follower.busy = false
      },
    })
  }

  #block(store: MessageStore): void {
    const { chance, known } = this.#options
    const [blocker, blocked] = [this.#user(), this.#user()]
    const key = JSON.stringify([blocker, blocked])
    if (blocker === blocked || known.busyBlocks.has(key)) return
    known.busyBlocks.add(key)
    const values = known.blocks(blocker, blocked)
    const old = values.at(-1) as ReadonlySet<boolean>
    const value = !old.has(true) || (old.size > 1 && chance.happens(0.5))
    values.push(new Set([...old, value]))
    const end = (now: ReadonlySet<boolean>): void => {
      values.push(now)
      known.busyBlocks.delete(key)
    }
    const call = value ? store.contacts.block(blocker, blocked) : store.contacts.unblock(blocker, blocked)
    this.#open.begin(`block ${key}`, call, {
      ok: () => end(new Set([value])),
      refused: () => {
        end(old)
        return false
      },
      unknown: () => end(new Set([...old, value])),
    })
  }

  #group(store: MessageStore): void {
    const { chance, known, swarm } = this.#options
    const groups = known.groups
    if (groups.length < swarm.groups) return this.#createGroup(store)
    const group = groups[chance.below(groups.length)] as KnownTalk
    const [creator] = group.founders as [string]
    if (group.pending !== null || !group.certain) return
    const others = users.filter((user) => user !== creator)
    const out = others.filter((user) => !group.members.has(user))
    const adding = out.length > 0 && (group.members.size < 3 || chance.happens(0.6))
    const chosen = adding
      ? out.slice(0, 1 + chance.below(out.length))
      : [others.filter((user) => group.members.has(user))[0]].filter((user) => user !== undefined)
    if (chosen.length === 0) return
    const before = group.members
    const after = new Set(
      adding ? [...before, ...chosen] : [...before].filter((user) => !chosen.includes(user)),
    )
    group.pending = after
    const called = ++this.#open.moment
    for (const user of chosen) {
      const stays = group.stays.get(user) ?? []
      group.stays.set(user, stays)
      if (adding)
        stays.push({ joinCalled: called, joinDone: Infinity, leaveCalled: Infinity, leaveDone: Infinity })
      else {
        if (stays.length === 0)
          stays.push({ joinCalled: -1, joinDone: -1, leaveCalled: called, leaveDone: Infinity })
        const stay = stays.at(-1)
        if (stay !== undefined) stay.leaveCalled = called
      }
    }
    const mayBlock = this.#mayBlock(chosen, creator)
    const call = adding
      ? store.groups.addMembers(creator, group.id, chosen)
      : store.groups.removeMember(creator, group.id, chosen[0] as string)
    this.#open.begin(`members ${group.name} ${adding ? '+' : '-'}${chosen.join()}`, call, {
      ok: () => {
        for (const user of chosen) {
          const stay = group.stays.get(user)?.at(-1)
          if (stay === undefined) continue
          if (adding) stay.joinDone = this.#open.moment
          else stay.leaveDone = this.#open.moment
        }
        group.members = after
        group.pending = null
      },
      refused: (code) => {
        resolvePending(group, before)
        return code === 'BLOCKED' && adding && mayBlock()
      },
      unknown: () => {
        group.unsure = true
      },
    })
  }

  #createGroup(store: MessageStore): void {
    const { chance, known } = this.#options
    const creator = this.#user()
    const members = [...new Set([creator, this.#user(), this.#user()])]
    const group = new KnownTalk(`group ${this.#ids++}`, null, members)
    const mayBlock = this.#mayBlock(members, creator)
    known.talks.set(group.name, group)
    const title = chance.happens(0.5) ? 'a title' : undefined
    const request = { id: group.name, creator, members, ...(title === undefined ? {} : { title }) }
    this.#open.begin(`create ${group.name} ${members.join()}`, store.groups.create(request), {
      ok: () => {
        group.certain = true
      },
      refused: (code) => {
        known.talks.delete(group.name)
        return code === 'BLOCKED' && mayBlock()
      },
      unknown: () => undefined,
    })
  }

  /** What is counted while messages and marks come is held against a recount when nothing comes any more. */
  count(store: MessageStore, user: string): void {
    this.#open.begin(`unread ${user}`, store.getUnread(user), {
      ok: ({ total, conversations }) =>
        claim(total >= conversations, 'I9 unread', user, total, conversations),
      refused: () => false,
      unknown: () => undefined,
    })
  }

  #checkpoint(store: MessageStore): void {
    this.#open.begin('checkpoint', store.admin.checkpoint(), {
      ok: () => undefined,
      refused: () => false,
      unknown: () => undefined,
    })
  }

  /** Asked later: whether any of them may have blocked the creator at any time since now. */
  #mayBlock(members: readonly string[], creator: string): () => boolean {
    const { known } = this.#options
    const since = members.map((user) => known.blocks(user, creator).length - 1)
    return () => members.some((user, at) => known.blockedSince(user, creator, since[at] as number).has(true))
  }

  #user(): string {
    return users[this.#options.chance.below(users.length)] as string
  }

  #someTalk(): KnownTalk | undefined {
    const { chance, known } = this.#options
    const talks = [...known.talks.values()]
    return talks[chance.below(talks.length)]
  }
}

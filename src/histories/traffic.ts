import { SeededChance } from '../backend/reference/seeded-chance.js'
import { isColumbaError } from '../errors.js'
import { directConversationId } from '../model/direct-conversation-id.js'
import type { Conversation } from '../model/conversation.js'
import type { Message } from '../model/message.js'
import { systemClock } from '../platform/clock.js'
import type { CheckedStore, SendRequestShape } from '../model-checking/store-under-test.js'
import type { History, ListedConversation, SeenMessage } from './history.js'
import type { HistoryHost, TrafficOptions } from './history-host.js'
import { Recorder } from './recorder.js'

const defaults = { users: 6, clients: 8, callsPerClient: 40, groups: 1, interruptions: 0 }
const attempts = 12
/** A client lets the others run this often at most before its next call. */
const pauses = 6

interface Place {
  readonly conversationId: string
  readonly members: readonly string[]
  readonly group: boolean
}

/** What a client remembers of a send that it has not seen acknowledged. */
interface Unsettled {
  readonly place: Place
  readonly sender: string
  readonly id: string
  readonly text: string
}

/**
 * Many clients at once on one store: they send in bursts, lose patience and repeat, read, list, walk by cursor, mark and
 * follow the feed, while the store is closed or crashes and is opened again. Gives what all of them saw, for `checkHistory`.
 */
export async function recordHistory(host: HistoryHost, options: TrafficOptions): Promise<History> {
  const traffic = new Traffic(host, { ...defaults, ...options })
  return traffic.run()
}

class Traffic {
  readonly #host: HistoryHost
  readonly #options: Required<TrafficOptions>
  readonly #recorder = new Recorder()
  readonly #users: readonly string[]
  readonly #places: Place[] = []
  readonly #unsettled: Unsettled[] = []
  #store: Promise<CheckedStore>
  #calls = 0
  #interruptions = 0

  constructor(host: HistoryHost, options: Required<TrafficOptions>) {
    this.#host = host
    this.#options = options
    this.#users = Array.from({ length: options.users }, (_, i) => `user ${i}`)
    this.#store = host.open()
  }

  async run(): Promise<History> {
    await this.#begin()
    const { seed, clients } = this.#options
    let busy = true
    const followers = this.#users.map((user) => this.#follow(user, () => busy))
    const chances = Array.from({ length: clients }, (_, i) => new SeededChance(seed * 1009 + i))
    await Promise.all(chances.map((chance, i) => this.#client(`client ${i}`, chance)))
    // Repeating everything that is open must lead to exactly one message each.
    await Promise.all(this.#unsettled.map((open) => this.#sendUntilKnown('last', open, () => true)))
    await this.#host.settle?.()
    busy = false
    await Promise.all(followers)
    if (this.#options.interruptions > 0) await this.#reopen(false)
    await this.#host.settle?.()
    return this.#look()
  }

  async #begin(): Promise<void> {
    const { groups } = this.#options
    const store = await this.#store
    for (let i = 0; i < groups; i += 1) {
      const { id } = await store.groups.create({
        creator: this.#users[0] as string,
        members: this.#users,
        id: `group ${i}`,
      })
      this.#places.push({ conversationId: id, members: this.#users, group: true })
    }
    for (const [i, a] of this.#users.entries()) {
      for (const b of this.#users.slice(i + 1)) {
        this.#places.push({ conversationId: directConversationId(a, b), members: [a, b], group: false })
      }
    }
    await this.#host.settle?.()
  }

  // ---- clients

  async #client(name: string, chance: SeededChance): Promise<void> {
    for (let i = 0; i < this.#options.callsPerClient; i += 1) {
      const place = this.#place(chance)
      const user = place.members[chance.below(place.members.length)] as string
      const what = chance.next()
      if (what < 0.5) await this.#burst(name, i, place, user, chance)
      else if (what < 0.65) await this.#read(name, place, user, chance)
      else if (what < 0.78) await this.#list(name, user, chance)
      else if (what < 0.88) await this.#walk(name, user, chance)
      else await this.#mark(name, place, user, chance)
      this.#calls += 1
      await this.#interruptIfDue(chance)
      for (let left = chance.below(pauses); left > 0; left -= 1) await Promise.resolve()
    }
  }

  /** Groups, which are the first ones, come up more often than one of many direct conversations would. */
  #place(chance: SeededChance): Place {
    const { groups } = this.#options
    const among = groups > 0 && chance.happens(0.3) ? groups : this.#places.length
    return this.#places[chance.below(among)] as Place
  }

  /** One to four messages, handed over without waiting in between. */
  async #burst(
    name: string,
    call: number,
    place: Place,
    sender: string,
    chance: SeededChance,
  ): Promise<void> {
    const sends = Array.from({ length: 1 + chance.below(4) }, (_, i) => {
      const id = `${name}.${call}.${i}`
      return this.#sendUntilKnown(
        name,
        { place, sender, id, text: `text of ${id}` },
        () => !chance.happens(0.1),
      )
    })
    await Promise.all(sends)
  }

  async #sendUntilKnown(client: string, message: Unsettled, isPatient: () => boolean): Promise<void> {
    const { place, sender, id, text } = message
    const { conversationId, members, group } = place
    const other = members.find((member) => member !== sender) as string
    const to = group ? { conversationId } : { receiver: other }
    const request: SendRequestShape = { sender, ...to, text, id }
    let store = await this.#store
    for (let left = attempts; left > 0; left -= 1) {
      const sent = { client, conversationId, sender, id, text }
      const outcome = await this.#recorder.send(sent, isPatient(), () => store.sendMessage(request))
      if (outcome.kind === 'acknowledged') return
      store = await this.#store
    }
    if (client !== 'last') this.#unsettled.push(message)
  }

  async #read(client: string, { conversationId }: Place, user: string, chance: SeededChance): Promise<void> {
    const limit = 1 + chance.below(30)
    const found = await this.#recorder.look(async () => {
      const store = await this.#store
      return pageOf(store, user, conversationId, limit)
    })
    if (found === null) return
    const { call, end, seen } = found
    this.#recorder.operations.push({
      kind: 'read',
      client,
      user,
      conversationId,
      limit,
      call,
      end,
      messages: seen.map(seenOf),
    })
  }

  /** The whole list, by the short way or by that for long ones. */
  async #list(client: string, user: string, chance: SeededChance): Promise<void> {
    const limit = chance.happens(0.5) ? 100 : 1000
    const found = await this.#recorder.look(async () => (await this.#store).getConversations(user, { limit }))
    if (found === null) return
    const { call, end, seen } = found
    this.#recorder.operations.push({
      kind: 'list',
      client,
      user,
      call,
      end,
      conversations: seen.items.map(listed),
    })
  }

  async #walk(client: string, user: string, chance: SeededChance): Promise<void> {
    const limit = 1 + chance.below(3)
    const found = await this.#recorder.look(async () => {
      const items: Conversation[] = []
      let cursor: string | null | undefined
      while (cursor !== null) {
        const store: CheckedStore = await this.#store
        const page = await store.getConversations(user, {
          limit,
          ...(cursor === undefined ? {} : { cursor }),
        })
        items.push(...page.items)
        cursor = page.next
      }
      return items
    })
    if (found === null) return
    const { call, end, seen } = found
    this.#recorder.operations.push({ kind: 'walk', client, user, call, end, conversations: seen.map(listed) })
  }

  async #mark(client: string, { conversationId }: Place, user: string, chance: SeededChance): Promise<void> {
    const found = await this.#recorder.look(async () => pageOf(await this.#store, user, conversationId, 1))
    const head = found?.seen[0]?.seq ?? 0
    if (head === 0) return
    const seq = 1 + chance.below(head)
    const call = this.#recorder.tick()
    let end = Infinity
    try {
      const store = await this.#store
      await store.markRead(user, conversationId, seq)
      end = this.#recorder.tick()
    } catch (error) {
      if (!isColumbaError(error) || !['unknown', 'closed', 'unavailable'].includes(error.kind)) throw error
    }
    this.#recorder.operations.push({ kind: 'mark', client, user, conversationId, seq, call, end })
  }

  /** One device: takes a token before all traffic and pulls until all is over and nothing is left. */
  async #follow(user: string, isBusy: () => boolean): Promise<void> {
    const call = this.#recorder.tick()
    let { token } = await (await this.#store).getChanges(user)
    const messages: (SeenMessage & { conversationId: string })[] = []
    for (let last = false, more = false; !last || more;) {
      last = !isBusy()
      const since = token
      const found = await this.#recorder.look(async () =>
        (await this.#store).getChanges(user, { since, limit: 7 }),
      )
      if (found === null) {
        last = false
        continue
      }
      for (const change of found.seen.changes) {
        if (change.kind === 'message')
          messages.push({ ...seenOf(change.message), conversationId: change.message.conversationId })
      }
      token = found.seen.token
      more = found.seen.hasMore
      // What waits for the disk goes on: a follower with nothing to do must not starve the others.
      if (!more) await systemClock.yield()
    }
    this.#recorder.operations.push({
      kind: 'follow',
      client: `device of ${user}`,
      user,
      call,
      end: this.#recorder.tick(),
      messages,
    })
  }

  // ---- interruptions

  async #interruptIfDue(chance: SeededChance): Promise<void> {
    const { interruptions, clients, callsPerClient } = this.#options
    const due = Math.floor((this.#calls * (interruptions + 1)) / (clients * callsPerClient))
    if (due <= this.#interruptions || this.#interruptions >= interruptions) return
    this.#interruptions += 1
    await this.#reopen(this.#host.crash !== undefined && chance.happens(0.5))
  }

  /** In the middle of everything: whoever calls meanwhile waits for the new store, calls under way meet their end. */
  async #reopen(crash: boolean): Promise<void> {
    const before = this.#store
    this.#store = before.then(async (store) => {
      if (crash) this.#host.crash?.()
      await store.close()
      return this.#host.open()
    })
    await this.#store
  }

  // ---- the end

  async #look(): Promise<History> {
    const store = await this.#store
    const finals: { conversationId: string; user: string; messages: SeenMessage[] }[] = []
    const lists: History['lists'][number][] = []
    for (const { conversationId, members } of this.#places) {
      for (const user of members) {
        finals.push({ conversationId, user, messages: await allMessages(store, user, conversationId) })
      }
    }
    for (const user of this.#users) {
      const call = this.#recorder.tick()
      const { items } = await store.getConversations(user, { limit: 1000 })
      lists.push({
        kind: 'list',
        client: 'last',
        user,
        call,
        end: this.#recorder.tick(),
        conversations: items.map(listed),
      })
    }
    await store.close()
    return {
      members: new Map(this.#places.map(({ conversationId, members }) => [conversationId, members])),
      operations: this.#recorder.operations,
      finals,
      lists,
      oneStore: true,
      atOnce: this.#host.atOnce,
    }
  }
}

/** A conversation that has not begun is nobody's. */
async function pageOf(
  store: CheckedStore,
  user: string,
  conversationId: string,
  limit: number,
): Promise<readonly Message[]> {
  try {
    return (await store.getMessages(user, conversationId, { limit })).items
  } catch (error) {
    if (isColumbaError(error, 'NOT_A_MEMBER')) return []
    throw error
  }
}

async function allMessages(
  store: CheckedStore,
  user: string,
  conversationId: string,
): Promise<SeenMessage[]> {
  const messages: SeenMessage[] = []
  for (;;) {
    const after = messages.length
    try {
      const { items } = await store.getMessages(user, conversationId, { after, limit: 500 })
      if (items.length === 0) return messages
      messages.push(...items.map(seenOf))
    } catch (error) {
      if (isColumbaError(error, 'NOT_A_MEMBER')) return messages
      throw error
    }
  }
}

const seenOf = ({ seq, id, sender, text, timestamp }: Message): SeenMessage => ({
  seq,
  id,
  sender,
  text,
  timestamp,
})

const listed = ({ id, headSeq, readSeq, unread, lastMessage }: Conversation): ListedConversation => ({
  conversationId: id,
  headSeq,
  readSeq,
  unread,
  lastSeq: lastMessage?.seq ?? 0,
})

import { isDeepStrictEqual } from 'node:util'
import { SeededChance } from '../../src/backend/reference/seeded-chance.js'
import type { MessageStore } from '../../src/api/message-store.js'
import { isColumbaError } from '../../src/errors.js'
import { dumpStore } from '../../src/model-checking/dump-store.js'
import type { ConversationRef } from '../../src/model-checking/store-under-test.js'
import { systemClock } from '../../src/platform/clock.js'
import type { LocalVariant } from '../property/stores.js'
import { slowShards } from '../fixtures/slow-shards.js'
import { localHost } from './hosts.js'
import { Follower } from './storm-follower.js'
import { WhoWasOut } from './who-was-out.js'

const users = ['ann', 'ben', 'cid', 'dot', 'eve']
const groups = ['g1', 'g2', 'g3', 'g4']
const clients = 12
const rounds = 3

/** What nobody did wrong: somebody else was quicker. */
const expected = ['NOT_A_MEMBER', 'NOT_PERMITTED']

/**
 * Many clients at once on an embedded store whose shards answer late and whose memory keeps next to nothing: groups are joined, left and
 * renamed, messages sent and marked, while lists, pages, counts and the feed are read. Gives what is not as promised; none
 * of it may be. A seed draws options and calls, but not how the threads of LevelDB interleave with them.
 */
export async function storm(seed: number, callsPerRound = 400): Promise<readonly string[]> {
  const chance = new SeededChance(seed)
  const shards = slowShards(chance, { share: 0.6, longest: 150 })
  const host = await localHost(drawVariant(chance), { opener: shards })
  try {
    const first = (await host.open()) as MessageStore
    const run = new Storm(first, chance)
    await run.begin()
    for (let round = 0; round < rounds; round++) {
      const followers = await Promise.all(users.map((user) => Follower.begin(run.store, user)))
      await run.blow(callsPerRound)
      for (const follower of followers) run.found.push(...(await follower.end(chance)))
      const warm = await run.look('warm')
      await run.store.close()
      run.store = (await host.open()) as MessageStore
      const cold = await run.look('reopened')
      if (!isDeepStrictEqual(warm, cold))
        run.found.push(`memory and shards differ: ${JSON.stringify(warm)} ${JSON.stringify(cold)}`)
      const { findings } = await run.store.admin.verify()
      run.found.push(...findings.map((finding) => `verify: ${JSON.stringify(finding)}`))
    }
    await run.store.close()
    return run.found
  } finally {
    await host.destroy()
  }
}

function drawVariant(chance: SeededChance): LocalVariant {
  const oneOf = <T>(values: readonly T[]): T => values[chance.below(values.length)] as T
  return {
    settings: { cacheBytes: oneOf([0, 0, 20_000]), cacheTierSize: oneOf([1, 2, 15]) },
    tuning: {
      fanOut: oneOf([2, 3, 256]),
      keptAside: 1,
      keptMembers: oneOf([1, 2, 1024]),
      generationBytes: oneOf([2000, 8000, 1 << 20]),
      copiedFrom: 1,
      copyRestMs: 0,
      tidyFiles: oneOf([2, Infinity]),
      tidyAfterMs: 1,
      tidyRestMs: 0,
      readsNow: chance.happens(1 / 3),
      exactIds: oneOf([2, 48]),
    },
  }
}

class Storm {
  readonly found: string[] = []
  readonly #chance: SeededChance
  readonly #out = new WhoWasOut()
  readonly #tokens = new Map<string, string>()
  #texts = 0
  store: MessageStore

  constructor(store: MessageStore, chance: SeededChance) {
    this.store = store
    this.#chance = chance
  }

  async begin(): Promise<void> {
    for (const id of groups) {
      const members = users.filter(() => this.#chance.happens(0.6))
      const creator = this.#user()
      await this.store.groups.create({ creator, members, id })
      for (const user of users) if (user !== creator && !members.includes(user)) this.#out.left(id, user)
    }
    for (const user of users) this.#tokens.set(user, (await this.store.getChanges(user)).token)
  }

  async blow(calls: number): Promise<void> {
    const client = async (): Promise<void> => {
      for (let left = calls / clients; left > 0; left--) {
        try {
          await this.#call()
        } catch (error) {
          if (!isColumbaError(error) || !expected.includes(error.code)) this.found.push(String(error))
        }
        if (this.#chance.happens(0.3)) await systemClock.yield()
      }
    }
    await Promise.all(Array.from({ length: clients }, client))
  }

  /** All that anybody can see while nobody writes; what it must add up to is held against it. */
  async look(when: string): Promise<unknown> {
    for (const user of users) {
      const { items } = await this.store.getConversations(user, { limit: 100 })
      const { total } = await this.store.getUnread(user)
      const sum = items.reduce((before, { unread }) => before + unread, 0)
      this.#claim(total === sum, `${when}: ${user} has ${total} unread, and ${sum} by the list`)
      for (const { id, kind, unread, readSeq, deliveredSeq, headSeq } of items) {
        this.#claim(
          readSeq <= deliveredSeq && deliveredSeq <= headSeq,
          `${when}: marks of ${user} in ${id} are ${readSeq}, ${deliveredSeq}, ${headSeq}`,
        )
        if (kind === 'group') continue
        const { items: messages } = await this.store.getMessages(user, id, { limit: 1000 })
        const counted = messages.filter(({ seq, sender }) => seq > readSeq && sender !== user).length
        this.#claim(
          unread === counted,
          `${when}: ${user} has ${unread} unread in ${id}, and ${counted} counted`,
        )
      }
    }
    return dumpStore(this.store, users)
  }

  async #call(): Promise<void> {
    const { store } = this
    const user = this.#user()
    const what = this.#chance.next()
    if (what < 0.28) return this.#send(user)
    if (what < 0.45)
      return store.markRead(user, this.#place(), this.#chance.happens(0.4) ? undefined : this.#seq())
    if (what < 0.5) return store.markDelivered(user, this.#place(), this.#seq())
    if (what < 0.58) return this.#conversation(user)
    if (what < 0.66) return this.#page(user)
    if (what < 0.71) return this.#total(user)
    if (what < 0.77) return this.#walk(user)
    if (what < 0.82) return this.#follow(user)
    if (what < 0.87) return this.#add(user)
    if (what < 0.93) return this.#remove(user)
    if (what < 0.95)
      return void (await store.groups.rename(user, this.#group(), `title ${this.#chance.below(9)}`))
    if (what < 0.96) return void (await store.getReceipts(user, this.#place()))
    if (what < 0.97) return store.admin.checkpoint()
    await store.getConversations(user, { limit: 2, unreadOnly: this.#chance.happens(0.5) })
  }

  async #send(sender: string): Promise<void> {
    const place = this.#place()
    const text = `text ${++this.#texts}`
    if (typeof place !== 'string')
      return void (await this.store.sendMessage({ sender, receiver: place.peer, text }))
    await this.#out.during(place, text, users, () =>
      this.store.sendMessage({ sender, conversationId: place, text }),
    )
  }

  async #conversation(user: string): Promise<void> {
    const conversation = await this.store.getConversation(user, this.#place())
    if (conversation !== null) this.#see(user, [conversation.lastMessage])
  }

  async #page(user: string): Promise<void> {
    const { items } = await this.store.getMessages(user, this.#place(), { limit: 1 + this.#chance.below(8) })
    this.#see(user, items)
  }

  async #total(user: string): Promise<void> {
    const { total } = await this.store.getUnread(user)
    this.#claim(total >= 0, `${user} has ${total} unread`)
  }

  async #walk(user: string): Promise<void> {
    const limit = 1 + this.#chance.below(3)
    const before = (await this.store.getConversations(user, { limit: 100 })).items.map(({ id }) => id)
    const seen: string[] = []
    let next: string | null | undefined
    while (next !== null) {
      const page = await this.store.getConversations(user, {
        limit,
        ...(next === undefined ? {} : { cursor: next }),
      })
      seen.push(...page.items.map(({ id }) => id))
      this.#see(
        user,
        page.items.map(({ lastMessage }) => lastMessage),
      )
      next = page.next
    }
    this.#claim(
      new Set(seen).size === seen.length,
      `a walk of ${user} has something twice: ${seen.join(' ')}`,
    )
    for (const id of before) this.#claim(seen.includes(id), `a walk of ${user} misses ${id}`)
  }

  async #follow(user: string): Promise<void> {
    const since = this.#tokens.get(user) as string
    const { changes, token } = await this.store.getChanges(user, { since, limit: 7 })
    this.#tokens.set(user, token)
    this.#see(
      user,
      changes.map((change) => (change.kind === 'message' ? change.message : null)),
    )
  }

  async #add(user: string): Promise<void> {
    const group = this.#group()
    const added = [this.#user(), this.#user()]
    for (const member of added) this.#out.mayCome(group, member)
    await this.store.groups.addMembers(user, group, added)
  }

  async #remove(user: string): Promise<void> {
    const group = this.#group()
    const member = this.#chance.happens(0.7) ? user : this.#user()
    const leaving = this.#out.leaving(group, member)
    await this.store.groups.removeMember(user, group, member)
    leaving()
  }

  #see(
    user: string,
    messages: readonly ({ readonly conversationId: string; readonly text: string } | null)[],
  ): void {
    for (const message of messages) {
      if (message === null) continue
      const { conversationId, text } = message
      const hidden = this.#out.isHidden(conversationId, user, text)
      this.#claim(!hidden, `${user} sees ${text} in ${conversationId}, which was sent while they were out`)
    }
  }

  #claim(holds: boolean, otherwise: string): void {
    if (!holds) this.found.push(otherwise)
  }

  #user(): string {
    return users[this.#chance.below(users.length)] as string
  }

  #group(): string {
    return groups[this.#chance.below(groups.length)] as string
  }

  #place(): ConversationRef {
    return this.#chance.happens(0.55) ? this.#group() : { peer: this.#user() }
  }

  #seq(): number {
    return 1 + this.#chance.below(30)
  }
}

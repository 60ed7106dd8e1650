import type { Change } from '../model/change.js'
import { everyContact } from './check-user.js'
import { require, requireEqual } from './compare.js'
import { isPresent, present } from './model-state.js'
import type { Talk } from './model-state.js'
import { conversationView, listed, messageView, visible } from './model-views.js'
import type { ReferenceModel } from './reference-model.js'
import type { CheckedStore } from './store-under-test.js'
import { thingOf } from './thing-of.js'

/** Waits for a call, but not for ever. */
export type InTime = <T>(what: string, call: Promise<T>) => Promise<T>

interface Marks {
  delivered: number
  read: number
}

/** All that the client knows. */
interface Knowledge {
  readonly talks: Map<string, KnownTalk>
  readonly contacts: Map<string, object>
  profile: unknown
}

interface KnownTalk {
  readonly messages: Map<number, unknown>
  readonly marks: Map<string, Marks>
  readonly members: Set<string>
  title: string | undefined
  memberCount: number
  left: boolean
  /** Known from a snapshot, or from nothing but changes: then others' older marks were never told. */
  fromSnapshot: boolean
}

/**
 * A phone: it took a token, loaded everything (contacts and blocks by the store's own lists), and from then on knows only what
 * the feed tells. After catching up it must know what the model knows. With a subscription it is told each change live; it must
 * end in the same state.
 */
export class FeedClient {
  readonly #user: string
  readonly #known: Knowledge
  readonly #live: AsyncIterator<Change> | null
  readonly #inTime: InTime
  #liveOpen: boolean
  #pending: Promise<IteratorResult<Change>> | null = null
  #token: string
  /** The state as the subscription told it. */
  readonly #told: Knowledge

  private constructor(
    user: string,
    token: string,
    loaded: () => Knowledge,
    live: AsyncIterator<Change> | null,
    inTime: InTime,
  ) {
    this.#user = user
    this.#token = token
    this.#live = live
    this.#inTime = inTime
    this.#liveOpen = live !== null
    this.#known = loaded()
    this.#told = loaded()
  }

  static async start(
    store: CheckedStore,
    model: ReferenceModel,
    user: string,
    live: boolean,
    inTime: InTime,
  ): Promise<FeedClient> {
    const { token, changes, hasMore } = await store.getChanges(user)
    require(changes.length === 0 && !hasMore, 'without since the feed starts now', changes)
    const iterator = live ? store.subscribe(user)[Symbol.asyncIterator]() : null
    const contacts = await loadContacts(store, user)
    return new FeedClient(user, token, () => snapshot(model, user, contacts), iterator, inTime)
  }

  async catchUp(store: CheckedStore, model: ReferenceModel, limit: number | undefined): Promise<void> {
    const changes = await this.#pull(store, limit)
    for (const change of changes) {
      requirePresentView(change, model, this.#user)
      apply(this.#known, change, this.#user)
    }
    compare(this.#known, model, this.#user, 'the feed')
    const last = changes.at(-1)
    if (this.#live === null || !this.#liveOpen || last === undefined) return
    for (;;) {
      this.#pending ??= this.#live.next()
      const next = await this.#inTime('a subscription', this.#pending)
      this.#pending = null
      require(next.done !== true, 'a subscription lasts as long as the store is open')
      apply(this.#told, next.value, this.#user)
      if (next.value.position === last.position) break
    }
    await this.#restOf(last.position, changes)
    compare(this.#told, model, this.#user, 'the subscription')
  }

  /** Several changes of one record may bear one position: takes those that the feed has behind the first of them. */
  async #restOf(position: string, changes: readonly Change[]): Promise<void> {
    let missing = changes.filter((change) => change.position === position).length - 1
    while (missing > 0 && this.#live !== null) {
      const next = await this.#inTime('a subscription', this.#live.next())
      require(next.done !== true, 'a subscription lasts as long as the store is open')
      apply(this.#told, next.value, this.#user)
      missing--
    }
  }

  async #pull(store: CheckedStore, limit: number | undefined): Promise<Change[]> {
    const first = this.#token
    const changes: Change[] = []
    for (;;) {
      const since = this.#token
      const batch = await store.getChanges(this.#user, limit === undefined ? { since } : { since, limit })
      // What came about together stays together: only such changes may go beyond the limit.
      const beyond = batch.changes.slice(limit)
      const edge = batch.changes[(limit ?? 0) - 1]?.position
      require(limit === undefined ||
        beyond.every(({ position }) => position === edge), 'a limited feed', batch)
      changes.push(...batch.changes)
      require(!batch.hasMore || batch.token !== since, 'a feed with more to come goes on', batch.token)
      this.#token = batch.token
      if (!batch.hasMore) break
    }
    await this.#resume(store, first, changes)
    return changes
  }

  /** The position of a change is the token behind it: what follows from there is the rest. */
  async #resume(store: CheckedStore, first: string, changes: readonly Change[]): Promise<void> {
    const repeated = await store.getChanges(this.#user, { since: first, limit: 1000 })
    requireReduced(repeated.changes, changes, 'the same feed read again')
    const middle = changes[Math.floor(changes.length / 2)]
    if (middle === undefined) return
    const rest = await store.getChanges(this.#user, { since: middle.position, limit: 1000 })
    const last = changes.findLastIndex(({ position }) => position === middle.position)
    requireReduced(rest.changes, changes.slice(last + 1), 'the feed from a position in its middle')
  }

  async stop(): Promise<void> {
    this.#liveOpen = false
    await this.#live?.return?.()
  }

  storeCloses(): void {
    if (this.#liveOpen && this.#live !== null) this.#pending ??= this.#live.next()
  }

  /** A closed store ends its subscriptions, after what they still had to tell. */
  async storeClosed(): Promise<void> {
    if (!this.#liveOpen || this.#live === null) return
    this.#liveOpen = false
    let next = this.#pending === null ? null : await this.#inTime('the end of a subscription', this.#pending)
    while (next !== null && next.done !== true) {
      next = await this.#inTime('the end of a subscription', this.#live.next())
    }
  }
}

/** A conversation in the feed is as it is when the feed is read, whatever its position is; nobody writes meanwhile. */
function requirePresentView(change: Change, model: ReferenceModel, user: string): void {
  if (change.kind !== 'conversation') return
  const talk = model.talk(change.conversation.id)
  const what = `a conversation in the feed of ${JSON.stringify(user)}`
  require(talk !== undefined && listed(talk, user), `${what}: nobody knows it`, change.conversation)
  requireEqual(change.conversation, conversationView(talk, user), what)
}

/** A feed read in larger pages may leave out what is overtaken within a page, and nothing else. */
function requireReduced(reduced: readonly Change[], full: readonly Change[], what: string): void {
  const kept = new Set(reduced.map(({ position }) => position))
  const later = new Set<string>()
  const expected = full
    .toReversed()
    .filter((change) => {
      const overtaken = later.has(thingOf(change)) && !kept.has(change.position)
      later.add(thingOf(change))
      return !overtaken
    })
    .toReversed()
  requireEqual(reduced, expected, what)
}

function snapshot(model: ReferenceModel, user: string, contacts: ReadonlyMap<string, object>): Knowledge {
  const talks = new Map<string, KnownTalk>()
  for (const talk of model.list(user)) {
    talks.set(talk.id, {
      messages: new Map(visible(talk, user).map((message) => [message.seq, messageView(talk, message)])),
      marks: new Map([...talk.members].map(([id, { delivered, read }]) => [id, { delivered, read }])),
      members: new Set(present(talk).map(([id]) => id)),
      title: talk.title,
      memberCount: present(talk).length,
      left: !isPresent(talk, user),
      fromSnapshot: isPresent(talk, user),
    })
  }
  return { talks, contacts: new Map(contacts), profile: model.users.find(user) }
}

/** What a phone has of contacts that was switched on just now: all that the two lists say. */
async function loadContacts(store: CheckedStore, user: string): Promise<ReadonlyMap<string, object>> {
  const contacts = new Map<string, object>()
  for (const { contactId, blocked } of await everyContact(store, user, true))
    contacts.set(contactId, { listed: false, alias: undefined, blocked })
  for (const { contactId, alias, blocked } of await everyContact(store, user))
    contacts.set(contactId, { listed: true, alias, blocked })
  return contacts
}

function contactsOf(model: ReferenceModel, user: string): Map<string, object> {
  return new Map(
    model
      .contacts(user)
      .filter(([, { listed: isListed, blocked }]) => isListed || blocked)
      .map(([id, entry]) => [id, { ...entry }]),
  )
}

function apply(known: Knowledge, change: Change, user: string): void {
  if (change.kind === 'contact') {
    const { contactId, alias, blocked } = change.contact
    if (change.listed || blocked) known.contacts.set(contactId, { listed: change.listed, alias, blocked })
    else known.contacts.delete(contactId)
    return
  }
  if (change.kind === 'profile') {
    if (change.user.id === user) known.profile = change.user
    return
  }
  const { talks } = known
  const id =
    change.kind === 'message'
      ? change.message.conversationId
      : change.kind === 'conversation'
        ? change.conversation.id
        : change.conversationId
  const talk: KnownTalk = talks.get(id) ?? {
    messages: new Map(),
    marks: new Map(),
    members: new Set(),
    title: undefined,
    memberCount: 0,
    left: false,
    fromSnapshot: false,
  }
  talks.set(id, talk)
  switch (change.kind) {
    case 'message':
      talk.messages.set(change.message.seq, change.message)
      return
    case 'read':
    case 'delivered': {
      const marks = talk.marks.get(change.userId) ?? { delivered: 0, read: 0 }
      talk.marks.set(change.userId, marks)
      marks.delivered = Math.max(marks.delivered, change.seq)
      if (change.kind === 'read') marks.read = Math.max(marks.read, change.seq)
      return
    }
    case 'conversation':
      talk.title = change.conversation.title
      talk.memberCount = change.conversation.memberCount
      talk.left = change.conversation.left
      return
    case 'member':
      if (change.joined) talk.members.add(change.userId)
      else talk.members.delete(change.userId)
      // What happened while the user was away is not told: it has to be loaded anew.
      if (change.userId === user) {
        talk.left = !change.joined
        talk.fromSnapshot = false
      }
  }
}

function compare({ talks, ...known }: Knowledge, model: ReferenceModel, user: string, what: string): void {
  const contacts = Object.fromEntries(contactsOf(model, user))
  requireEqual(Object.fromEntries(known.contacts), contacts, `${what} of ${JSON.stringify(user)}: contacts`)
  requireEqual(known.profile, model.users.find(user), `${what} of ${JSON.stringify(user)}: profile`)
  for (const talk of model.talks) {
    const where = `${what} of ${JSON.stringify(user)} about ${JSON.stringify(talk.id)}`
    const told = talks.get(talk.id)
    if (!listed(talk, user)) {
      require(told === undefined, `${where}: the user was never in it`, told)
      continue
    }
    require(told !== undefined, `${where}: it was never told`)
    const expected = visible(talk, user).map((message) => messageView(talk, message))
    const messages = [...told.messages]
      .toSorted(([one], [other]) => one - other)
      .map(([, message]) => message)
    requireEqual(messages, expected, `${where}: messages`)
    const row = conversationView(talk, user)
    requireEqual(told.left, row.left, `${where}: left`)
    if (row.left) continue
    requireEqual(told.title, talk.title, `${where}: title`)
    if (talk.kind === 'group')
      requireEqual(told.memberCount, present(talk).length, `${where}: number of members`)
    compareMarks(told, talk, where)
    if (!told.fromSnapshot) continue
    const members = present(talk).map(([id]) => id)
    requireEqual([...told.members].toSorted(), members.toSorted(), `${where}: members`)
  }
}

function compareMarks(known: KnownTalk, talk: Talk, where: string): void {
  for (const [user, { delivered, read }] of talk.members) {
    const marks = known.marks.get(user) ?? { delivered: 0, read: 0 }
    const whose = `${where}: marks of ${JSON.stringify(user)}`
    if (known.fromSnapshot || talk.kind === 'direct') requireEqual(marks, { delivered, read }, whose)
    // One who came later was never told the marks of before.
    else require(marks.delivered <= delivered && marks.read <= read, whose, marks)
  }
}

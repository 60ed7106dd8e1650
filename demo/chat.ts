import type { Action, Outcome, Place, Script, SendAction } from './actions.js'
import type { Recount } from './recount.js'
import { SeededRandom } from './random.js'
import { messageText, userName } from './texts.js'

export interface ChatOptions {
  readonly seed: number
  /** Fresh messages; repeats and refused sends come on top. */
  readonly messages: number
}

/** A few messages back and forth. Many of them go on at the same time. */
interface Burst {
  readonly place: { readonly pair: readonly [string, string] } | { readonly group: string }
  speaker: string
  left: number
}

const bursts = 200
const meanBurst = 8
/** Bursts in groups, and those of them in the large one. */
const shares = { group: 0.2, large: 0.04 } as const
/** The store treats groups above 256 members in another way; nobody should be able to tell. */
const largeGroup = 300
const epoch = Date.UTC(2024, 0, 8)

/** How often a fresh message is followed by something else, and after how many actions. */
const habits = {
  twin: 0.01,
  retry: { chance: 0.03, from: 50, to: 5000 },
  otherContent: { chance: 0.004, from: 0, to: 2000 },
  delivered: { chance: 0.25, from: 100, to: 400 },
  read: { chance: 0.35, from: 300, to: 3000 },
  derivedId: 0.1,
} as const
/** A group or a friendship changes about so often, and at least so many times in a chat. */
const messagesPerEvent = 300
const leastEvents = 40

/** Writes a chat of realistic shape. The same options give the same chat. */
export class ChatWriter {
  readonly users: readonly string[]
  readonly #random: SeededRandom
  readonly #recount: Recount
  readonly #friends: readonly (readonly string[])[]
  readonly #groups: string[] = []
  readonly #actions: Action[] = []
  readonly #outcomes: Outcome[] = []
  /** What will be done when the script has come to this index. */
  readonly #later = new Map<number, Action[]>()
  readonly #messages: number
  #ids = 0
  /** The plans before this index have been carried out. */
  #due = 0

  constructor({ seed, messages }: ChatOptions, recount: Recount) {
    const random = new SeededRandom(seed)
    this.#random = random
    this.#recount = recount
    this.#messages = messages
    const count = Math.max(largeGroup + 20, Math.round(messages / 50))
    this.users = Array.from({ length: count }, (_, index) => userName(index))
    this.#friends = this.users.map((user) => {
      const wanted = Math.min(200, Math.max(1, Math.round(random.logNormal(7, 0.8))))
      // A few people keep notes to themselves.
      const chosen = Array.from({ length: wanted }, () => this.#someone())
      return chosen.filter((friend) => friend !== user || random.chance(0.3))
    })
  }

  write(): Script {
    const random = this.#random
    this.#makeGroups()
    const running = Array.from({ length: bursts }, () => this.#newBurst())
    const every = Math.max(1, Math.min(messagesPerEvent, Math.floor(this.#messages / leastEvents)))
    for (let written = 0; written < this.#messages; written++) {
      const slot = random.between(0, bursts)
      const burst = running[slot] as Burst
      this.#say(burst)
      if (--burst.left <= 0) running[slot] = this.#newBurst()
      if (written % every === every - 1) this.#somethingHappens()
    }
    for (const [, planned] of [...this.#later].sort(([a], [b]) => a - b)) {
      for (const action of planned) this.#enter(action)
    }
    return { actions: this.#actions, outcomes: this.#outcomes }
  }

  #someone(): string {
    return this.users[this.#random.skewed(this.users.length)] as string
  }

  #makeGroups(): void {
    const random = this.#random
    const count = Math.max(4, Math.round(this.users.length / 25))
    for (let index = 0; index < count; index++) {
      const size = index === 0 ? largeGroup : Math.round(Math.min(60, 3 + random.logNormal(6, 0.7)))
      const group = `group-${index + 1}`
      const members = Array.from({ length: size }, () => this.#someone())
      if (index === 0) members.push(...this.users.slice(0, largeGroup))
      this.#groups.push(group)
      this.#act({
        kind: 'create',
        creator: members[0] as string,
        members,
        group,
        title: index === 0 ? 'Everybody' : `Round ${index + 1}`,
      })
    }
  }

  #newBurst(): Burst {
    const random = this.#random
    const left = Math.max(1, Math.round(-Math.log(1 - random.next()) * meanBurst))
    if (random.chance(shares.group)) {
      const group = random.chance(shares.large) ? (this.#groups[0] as string) : random.pick(this.#groups)
      const members = this.#recount.membersOf(group)
      if (members.length > 0) return { place: { group }, speaker: random.pick(members), left }
    }
    const index = random.skewed(this.users.length)
    const user = this.users[index] as string
    const friends = this.#friends[index] as readonly string[]
    const friend = friends.length === 0 ? this.#someone() : random.pick(friends)
    return { place: { pair: [user, friend] }, speaker: user, left }
  }

  #say(burst: Burst): void {
    const random = this.#random
    const { place } = burst
    if (random.chance(0.55)) {
      if ('pair' in place) burst.speaker = place.pair[burst.speaker === place.pair[0] ? 1 : 0]
      else burst.speaker = random.pick(this.#recount.membersOf(place.group))
    }
    const sender = burst.speaker
    const to: Place = 'group' in place ? place : { peer: place.pair[sender === place.pair[0] ? 1 : 0] }
    const action = this.#draft(sender, to)
    const outcome = this.#act(action)
    if (outcome.is !== 'stored') return

    if (random.chance(habits.twin)) this.#act(action)
    this.#maybeLater(habits.retry, action)
    this.#maybeLater(habits.otherContent, { ...action, text: `${action.text} (changed)` })
    const readers = 'peer' in to ? [to.peer] : [random.pick(this.#recount.membersOf(to.group))]
    for (const user of readers) {
      const at: Place = 'peer' in to ? { peer: sender } : to
      this.#maybeLater(habits.delivered, { kind: 'delivered', user, at, seq: outcome.seq })
      this.#maybeLater(habits.read, { kind: 'read', user, at, seq: outcome.seq })
    }
  }

  #draft(sender: string, to: Place): SendAction {
    const random = this.#random
    const number = ++this.#ids
    const sentAt = epoch + number * 40
    const text = messageText(random)
    const deviceId = `${sender}:${random.pick(['phone', 'phone', 'laptop', 'tablet'])}`
    const base = { kind: 'send', sender, to, text, sentAt, deviceId } as const
    return random.chance(habits.derivedId) ? base : { ...base, id: `m${number}` }
  }

  /** People block each other, come and go, and rename groups. */
  #somethingHappens(): void {
    const random = this.#random
    const group = random.pick(this.#groups)
    const members = this.#recount.membersOf(group)
    const user = members.length > 0 && random.chance(0.7) ? random.pick(members) : this.#someone()
    const inGroup = this.#recount.isMember(user, group)
    const kind = random.between(0, 5)
    if (kind === 0) {
      const other = random.pick(this.#friends[this.users.indexOf(user)] ?? this.users)
      if (other === undefined || other === user) return
      this.#act({ kind: 'block', user, other })
      this.#act(this.#draft(other, { peer: user }))
      this.#act(this.#draft(user, { peer: other }))
      if (random.chance(0.8)) this.#laterBy(random.between(100, 4000), { kind: 'unblock', user, other })
    } else if (kind === 1 && inGroup) {
      this.#act({ kind: 'rename', actor: user, group, title: `Round of ${user}` })
    } else if (kind === 2 && inGroup && members.length > 2) {
      const last = this.#draft(user, { group })
      this.#act(last)
      this.#act({ kind: 'remove', actor: user, group, user })
      // A repeat still gets its receipt; a new message is refused.
      this.#act(last)
      this.#act(this.#draft(user, { group }))
      if (random.chance(0.5)) {
        const actor = members.find((member) => member !== user) as string
        this.#laterBy(random.between(500, 5000), { kind: 'add', actor, group, users: [user] })
      }
    } else if (members.length > 0) {
      const actor = random.pick(members)
      const users = Array.from({ length: random.between(1, 4) }, () => this.#someone())
      this.#act({ kind: 'add', actor, group, users })
    }
  }

  #maybeLater(habit: { chance: number; from: number; to: number }, action: Action): void {
    if (this.#random.chance(habit.chance)) this.#laterBy(this.#random.between(habit.from, habit.to), action)
  }

  #laterBy(distance: number, action: Action): void {
    const at = this.#actions.length + 1 + distance
    const planned = this.#later.get(at)
    if (planned === undefined) this.#later.set(at, [action])
    else planned.push(action)
  }

  /** Enters an action, and what has become due by then. */
  #act(action: Action): Outcome {
    const outcome = this.#enter(action)
    for (; this.#due <= this.#actions.length; this.#due++) {
      const planned = this.#later.get(this.#due)
      this.#later.delete(this.#due)
      for (const next of planned ?? []) this.#enter(next)
    }
    return outcome
  }

  #enter(action: Action): Outcome {
    const outcome = this.#recount.apply(action, this.#actions.length)
    this.#actions.push(action)
    this.#outcomes.push(outcome)
    return outcome
  }
}

import type { ConversationId, Position, UserId } from '../../model/ids.js'
import type { StoreEvent } from './events.js'
import type { SeededChance } from './seeded-chance.js'
import { UserView } from './user-view.js'

type Projected = StoreEvent & { readonly conversationId: ConversationId }

/**
 * The views of all users, each of which follows the conversations later and at its own pace. Events of one conversation
 * reach a user in their order; those of different conversations race, as they do when several servers fan out. Each view
 * numbers what reaches it by a counter of its own.
 */
export class Projections {
  readonly #chance: SeededChance
  readonly #maxDelayTurns: number
  readonly #views = new Map<UserId, UserView>()
  /** What has not reached the user yet; the first goes next. */
  readonly #waiting = new Map<UserId, Projected[]>()

  constructor(chance: SeededChance, maxDelayTurns: number) {
    this.#chance = chance
    this.#maxDelayTurns = maxDelayTurns
  }

  get size(): number {
    return this.#views.size
  }

  get pending(): number {
    return [...this.#waiting.values()].reduce((sum, events) => sum + events.length, 0)
  }

  all(): Iterable<UserView> {
    return this.#views.values()
  }

  view(user: UserId): UserView {
    const known = this.#views.get(user)
    if (known !== undefined) return known
    const made = new UserView(user)
    this.#views.set(user, made)
    return made
  }

  /** What is the user's own affair is there at once. */
  applyOwn(user: UserId, event: StoreEvent): void {
    const view = this.view(user)
    take(view, event)
    view.notify()
  }

  /** Sends an event on its way to the users; with those in `atOnce` it arrives before this returns. */
  spread(event: Projected, users: readonly UserId[], atOnce: readonly UserId[]): void {
    for (const user of users) this.#enqueue(user, event)
    for (const user of atOnce)
      this.#arrive(user, ({ conversationId }) => conversationId === event.conversationId)
  }

  /** Lets everything arrive that is on its way. */
  settle(): void {
    for (const user of [...this.#waiting.keys()]) this.#arrive(user, () => true)
  }

  #enqueue(user: UserId, event: Projected): void {
    const events = this.#waiting.get(user)
    if (events === undefined) {
      this.#waiting.set(user, [event])
      void this.#follow(user)
      return
    }
    const behind = events.findLastIndex(({ conversationId }) => conversationId === event.conversationId) + 1
    events.splice(behind + this.#chance.below(events.length - behind + 1), 0, event)
  }

  async #follow(user: UserId): Promise<void> {
    while (this.#waiting.has(user)) {
      for (let turns = this.#chance.below(this.#maxDelayTurns + 1); turns >= 0; turns -= 1)
        await Promise.resolve()
      const count = 1 + this.#chance.below(3)
      let arrived = 0
      this.#arrive(user, () => arrived++ < count)
    }
  }

  #arrive(user: UserId, chosen: (event: Projected) => boolean): void {
    const arriving: Projected[] = []
    const staying: Projected[] = []
    for (const event of this.#waiting.get(user) ?? []) (chosen(event) ? arriving : staying).push(event)
    if (staying.length === 0) this.#waiting.delete(user)
    else this.#waiting.set(user, staying)
    if (arriving.length === 0) return
    const view = this.view(user)
    for (const event of arriving) take(view, event)
    view.notify()
  }
}

function take(view: UserView, event: StoreEvent): void {
  view.apply(event, (view.newest + 1) as Position)
}

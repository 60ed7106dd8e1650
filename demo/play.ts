import { isColumbaError } from '../src/index.js'
import type { MessageStore } from '../src/index.js'
import type { Action, Outcome, Place, Script, SendAction } from './actions.js'
import type { Problems } from './problems.js'
import { Progress } from './progress.js'

export interface PlayOptions {
  readonly store: MessageStore
  readonly script: Script
  /** See `Recount.decisive`. */
  readonly decisive: ReadonlyMap<number, readonly string[]>
  readonly problems: Problems
  /** Calls in flight. */
  readonly window: number
  /** A run that was broken off may have stored a message already: it comes back as a duplicate, and that is right. */
  readonly resuming: boolean
  /** What to do before the action with this index, while nothing is in flight. */
  readonly pause: { readonly before: number; readonly run: () => Promise<void> }
}

export interface Played {
  readonly sends: number
  readonly stored: number
  readonly duplicates: number
  readonly refused: number
  readonly marks: number
  readonly seconds: number
}

export function conversationRef(place: Place): string | { readonly peer: string } {
  return 'group' in place ? place.group : place
}

/**
 * Plays a script: calls are made in its order, many at a time, and each must come out as the recount says. Three kinds
 * of calls wait for others, as they would in life: a mark for the message that it is about, whatever decides the order
 * of a list for what decided it before, and changes of groups and blocks for everything.
 */
export async function play(options: PlayOptions): Promise<Played> {
  const { script, decisive, window, pause } = options
  const { actions, outcomes } = script
  const player = new Player(options)
  const pending = new Map<number, Promise<void>>()
  const lastDecisive = new Map<string, number>()
  const sentAt = new Map<string, number>()
  const progress = new Progress('playing', actions.length)
  const drained = () => Promise.all(pending.values())
  let freed: (() => void) | null = null

  for (const [index, action] of actions.entries()) {
    if (index === pause.before) {
      await drained()
      await pause.run()
    }
    const outcome = outcomes[index] as Outcome
    const exclusive = action.kind !== 'send' && action.kind !== 'read' && action.kind !== 'delivered'
    if (exclusive) await drained()
    if (action.kind === 'read' || action.kind === 'delivered') {
      const message = pending.get(sentAt.get(messageKey(action.user, action.at, action.seq)) ?? -1)
      if (message !== undefined) await message
    }
    for (const user of decisive.get(index) ?? []) {
      const before = pending.get(lastDecisive.get(user) ?? -1)
      if (before !== undefined) await before
      lastDecisive.set(user, index)
    }
    if (action.kind === 'send' && outcome.is === 'stored') {
      sentAt.set(messageKey(action.sender, action.to, outcome.seq), index)
    }
    const settled = player.perform(action, outcome, index).then(() => {
      pending.delete(index)
      freed?.()
    })
    pending.set(index, settled)
    if (exclusive) await settled
    while (pending.size >= window) {
      await new Promise<void>((resolve) => {
        freed = resolve
      })
      freed = null
    }
    progress.at(index + 1)
  }
  await drained()
  progress.end()
  return { ...player.counts, seconds: progress.seconds }
}

/** The same for all participants. */
function messageKey(user: string, place: Place, seq: number): string {
  return JSON.stringify(['group' in place ? place.group : [user, place.peer].sort(), seq])
}

class Player {
  readonly #store: MessageStore
  readonly #problems: Problems
  readonly #resuming: boolean
  readonly counts = { sends: 0, stored: 0, duplicates: 0, refused: 0, marks: 0 }

  constructor({ store, problems, resuming }: PlayOptions) {
    this.#store = store
    this.#problems = problems
    this.#resuming = resuming
  }

  async perform(action: Action, wanted: Outcome, index: number): Promise<void> {
    try {
      if (action.kind === 'send') await this.#send(action, wanted, index)
      else {
        if (action.kind === 'read' || action.kind === 'delivered') this.counts.marks++
        await this.#other(action)
        if (wanted.is !== 'done') this.#wrong(action, index, 'done', wanted)
      }
    } catch (error) {
      this.counts.refused++
      if (wanted.is !== 'refused' || !isColumbaError(error) || error.code !== wanted.code) {
        this.#wrong(action, index, error, wanted)
      }
    }
  }

  async #send(
    { sender, to, text, id, deviceId, sentAt }: SendAction,
    wanted: Outcome,
    index: number,
  ): Promise<void> {
    this.counts.sends++
    const { seq, duplicate, messageId } = await this.#store.sendMessage({
      sender,
      ...('group' in to ? { conversationId: to.group } : { receiver: to.peer }),
      text,
      id,
      deviceId,
      timestamp: sentAt,
    })
    this.counts[duplicate ? 'duplicates' : 'stored']++
    const found: Outcome = { is: duplicate ? 'duplicate' : 'stored', seq }
    const expected =
      this.#resuming && duplicate && wanted.is === 'stored' ? { ...wanted, is: 'duplicate' } : wanted
    this.#problems.same(`action ${index}, a message of ${sender}`, found, expected)
    if (id !== undefined && messageId !== id) this.#problems.add(`action ${index}, its id`, messageId, id)
  }

  async #other(action: Exclude<Action, SendAction>): Promise<void> {
    const { contacts, groups } = this.#store
    switch (action.kind) {
      case 'read':
        return this.#store.markRead(action.user, conversationRef(action.at), action.seq)
      case 'delivered':
        return this.#store.markDelivered(action.user, conversationRef(action.at), action.seq)
      case 'block':
        return contacts.block(action.user, action.other)
      case 'unblock':
        return contacts.unblock(action.user, action.other)
      case 'create': {
        const { creator, members, group, title } = action
        await groups.create({ creator, members, id: group, title })
        return
      }
      case 'add':
        await groups.addMembers(action.actor, action.group, action.users)
        return
      case 'remove':
        await groups.removeMember(action.actor, action.group, action.user)
        return
      case 'rename':
        await groups.rename(action.actor, action.group, action.title)
    }
  }

  #wrong(action: Action, index: number, found: unknown, wanted: Outcome): void {
    this.#problems.add(`action ${index}: ${action.kind}`, found, wanted)
  }
}

import type { History, SeenMessage, SendOperation, Violation } from './history.js'

/** A message that was stored, with all that clients did to store it. */
export interface StoredSend {
  readonly message: SeenMessage
  readonly attempts: readonly SendOperation[]
  /** The first call of any attempt: before it the message was nowhere. */
  readonly called: number
  /** The first acknowledgement of any attempt: from then on it is everywhere. Infinity if there was none. */
  readonly acknowledged: number
}

/** The key by which `attempts` are found. */
export const keyOf = (conversationId: string, sender: string, id: string): string =>
  JSON.stringify([conversationId, sender, id])

/** The messages of all conversations at the end, joined with the attempts behind them. */
export class KnownMessages {
  readonly attempts = new Map<string, SendOperation[]>()
  /** By conversation; at `seq − 1`. */
  readonly #stored = new Map<string, StoredSend[]>()

  constructor(history: History) {
    for (const operation of history.operations) {
      if (operation.kind !== 'send') continue
      const key = keyOf(operation.conversationId, operation.sender, operation.id)
      const known = this.attempts.get(key)
      if (known === undefined) this.attempts.set(key, [operation])
      else known.push(operation)
    }
    for (const { conversationId, messages } of history.finals) {
      if (this.#stored.has(conversationId)) continue
      this.#stored.set(
        conversationId,
        messages.map((message) => {
          const attempts = this.attempts.get(keyOf(conversationId, message.sender, message.id)) ?? []
          const acks = attempts.filter(({ outcome }) => outcome.kind === 'acknowledged')
          return {
            message,
            attempts,
            called: Math.min(...attempts.map(({ call }) => call)),
            acknowledged: Math.min(...acks.map(({ end }) => end)),
          }
        }),
      )
    }
  }

  get conversations(): IterableIterator<string> {
    return this.#stored.keys()
  }

  of(conversationId: string): readonly StoredSend[] {
    return this.#stored.get(conversationId) ?? []
  }

  /** How many messages at least, and at most, anybody could see in that stretch of time. */
  headRange(
    conversationId: string,
    call: number,
    end: number,
  ): { readonly least: number; readonly most: number } {
    let least = 0
    let most = 0
    this.of(conversationId).forEach(({ called, acknowledged }, i) => {
      if (acknowledged < call) least = i + 1
      if (called < end) most = i + 1
    })
    return { least, most }
  }
}

/** What a reader saw must be what is there at the end. */
export function* sameAsStored(
  known: KnownMessages,
  conversationId: string,
  seen: SeenMessage,
  where: string,
): Generator<Violation> {
  const stored = known.of(conversationId)[seen.seq - 1]?.message
  const same =
    stored !== undefined &&
    stored.seq === seen.seq &&
    stored.id === seen.id &&
    stored.sender === seen.sender &&
    stored.text === seen.text &&
    stored.timestamp === seen.timestamp
  if (!same) {
    const there = stored === undefined ? 'nothing' : `${stored.sender} ${stored.id}`
    yield {
      rule: 'prefix',
      what: `${where}: seq ${seen.seq} was ${seen.sender} ${seen.id}, at the end it is ${there}`,
    }
  }
}

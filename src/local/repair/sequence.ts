import { isBehind } from './message-place.js'
import type { Anchor, MessageFact } from './facts.js'

/** The messages of a conversation as they were found, and the gaps in between where there were more. */
export type Stretch =
  | { readonly kind: 'message'; readonly message: MessageFact }
  | { readonly kind: 'gap'; readonly lost: readonly LostMessage[]; readonly after: MessageFact | null }

/** Where a message stood that is gone; nearly, if nothing says it. */
export interface LostMessage {
  readonly seq: number
  readonly position: number
  readonly timestamp: number
}

interface Place {
  readonly seq: number
  readonly position: number
  readonly timestamp: number
}

/** 0 of none. */
export function greatest(numbers: Iterable<number>): number {
  let most = 0
  for (const one of numbers) most = Math.max(most, one)
  return most
}

/** Messages of one gap that are made at a time. */
const lostPerBatch = 1000

/**
 * All seqs from 1 to the highest that anything tells of, in order. Positions ascend: what is gone stood between the messages
 * around it, where as many places are free. What says otherwise (a row with a seq that its message never had) tells of nothing:
 * taken at its word, it would put one message into the conversation twice, and others that there never were before it.
 */
export async function* stretches(
  messages: AsyncIterable<MessageFact>,
  anchors: ReadonlyMap<number, Anchor>,
): AsyncGenerator<Stretch> {
  let last: Place = { seq: 0, position: 0, timestamp: 0 }
  let found: Place = last
  for await (const message of messages) {
    if (!isBehind(message, found)) continue
    found = message
    yield* gap(last, message, message.seq - 1)
    last = {
      seq: message.seq,
      position: Math.max(message.position, last.position + 1),
      timestamp: Math.max(message.timestamp, last.timestamp),
    }
    yield { kind: 'message', message: { ...message, ...last } }
  }
  const beyond = [...anchors.values()].filter((anchor) => isBehind(anchor, found))
  yield* gap(last, null, greatest(beyond.map(({ seq }) => seq)))

  function* gap(before: Place, after: MessageFact | null, to: number): Generator<Stretch> {
    let place = before
    let lost: LostMessage[] = []
    for (let seq = before.seq + 1; seq <= to; seq++) {
      place = between(place, after ?? anchorFrom(seq, to), seq)
      lost.push(place)
      if (lost.length < lostPerBatch && seq < to) continue
      // Who wrote them can be counted to the last of them only.
      yield { kind: 'gap', lost, after: seq === to ? after : null }
      lost = []
    }
  }

  function between(before: Place, after: Place | Anchor | null, seq: number): LostMessage {
    const known = anchors.get(seq)
    const latest = after === null ? Infinity : after.position - (after.seq - seq)
    const wanted = known?.position ?? (before.seq === 0 && after !== null ? latest : before.position + 1)
    const timestamp = known?.timestamp ?? (before.timestamp > 0 ? before.timestamp : (after?.timestamp ?? 0))
    return {
      seq,
      position: Math.max(before.position + 1, Math.min(wanted, latest)),
      timestamp: Math.max(before.timestamp, Math.min(timestamp, after?.timestamp ?? Infinity)),
    }
  }

  function anchorFrom(seq: number, to: number): Anchor | null {
    return anchors.get(to) ?? anchors.get(seq) ?? null
  }
}

import { below, type Random, seededRandom } from './random.js'
import { type DirectSend, messageId, type SendSource, EPOCH_MS, userId } from './send.js'
import { textPool } from './texts.js'

export interface BurstShape {
  readonly users: number
  /** Bursts that go on at the same time, interleaved at random. */
  readonly interleaved: number
  readonly seed: number
}

export const CHAT: Omit<BurstShape, 'seed'> = { users: 10_000, interleaved: 512 }

/** Messages of one burst: 4 to 12, 8 on average. */
const SHORTEST_BURST = 4
const BURST_LENGTHS = 9
/** Everybody talks with about this many others, some of them far more often. */
const PEERS = 30

/**
 * The peer at `place` in a user's own list: a fixed function, so that readers can be pointed at conversations that
 * exist without keeping a list of them.
 */
export function peerOf(user: number, place: number, users: number): number {
  const peer = (user * 7919 + place * 104_729 + 13) % users
  return peer === user ? (peer + 1) % users : peer
}

/** Two people; low numbers and low places come far more often (the square of a uniform draw). */
function skewedPair(random: Random, users: number): readonly [number, number] {
  const user = Math.floor(users * random() ** 2)
  return [user, peerOf(user, Math.floor(PEERS * random() ** 2), users)]
}

interface Burst {
  readonly one: number
  readonly other: number
  left: number
}

/** Chat-like load: two people alternate for about eight messages, hundreds of such bursts at a time. */
export function burstSource(shape: BurstShape): SendSource {
  const random = seededRandom(shape.seed)
  const texts = textPool(shape.seed)
  const begin = (): Burst => {
    const [one, other] = skewedPair(random, shape.users)
    return { one, other, left: SHORTEST_BURST + below(random, BURST_LENGTHS) }
  }
  const running = Array.from({ length: shape.interleaved }, begin)
  let index = 0
  return () => {
    const slot = below(random, running.length)
    let burst = running[slot]!
    if (burst.left === 0) running[slot] = burst = begin()
    burst.left--
    const [sender, receiver] = burst.left % 2 === 0 ? [burst.one, burst.other] : [burst.other, burst.one]
    const at = index++
    return {
      sender: userId(sender),
      receiver: userId(receiver),
      text: texts[below(random, texts.length)]!,
      id: messageId(at),
      timestamp: EPOCH_MS + at,
    }
  }
}

/**
 * One message after the other that gives the users 0, 1, 2 … a full list: message `index` comes from peer
 * `index / listed` of user `index % listed`. Bursts alone leave most lists short.
 */
export function listFilling(index: number, listed: number, users: number): DirectSend {
  const user = index % listed
  const peer = peerOf(user, PEERS + Math.floor(index / listed), users)
  return {
    sender: userId(peer),
    receiver: userId(user),
    text: `hello, this is ${userId(peer)}, do you have a minute for me?`,
    id: `list-${messageId(index)}`,
    timestamp: EPOCH_MS + index,
  }
}

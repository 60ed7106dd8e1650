import { closedLoop } from '../measure/closed-loop.js'
import type { Contestant } from '../peers/contestant.js'
import { burstSource, CHAT } from '../workload/bursts.js'
import { below, seededRandom } from '../workload/random.js'
import { type DirectSend, messageId, type SendSource } from '../workload/send.js'
import type { Dataset, Size } from './benchmark.js'

const SEED = 20_240_501
const IN_FLIGHT = 1024

/** Messages of the store that reads are measured on, and how many of them a few long conversations have each. */
const MESSAGES: Record<Size, number> = { short: 100_000, full: 1_000_000 }
export const LONG_MESSAGES: Record<Size, number> = { short: 1000, full: 5000 }
const LONG_CONVERSATIONS = 4

export const longPair = (index: number): readonly [string, string] => [`long-${index}-a`, `long-${index}-b`]

function chatSource(): SendSource {
  return burstSource({ ...CHAT, seed: SEED })
}

/** Chat-like bursts, with a message of a long conversation every so often, so that it lies spread over the store. */
function mixedSource(size: Size): SendSource {
  const bursts = chatSource()
  const every = Math.floor(MESSAGES[size] / (LONG_CONVERSATIONS * LONG_MESSAGES[size]))
  let index = 0
  return () => {
    const send = bursts()
    const at = index++
    if (at % every > 0) return send
    const place = Math.floor(at / every)
    const [one, other] = longPair(place % LONG_CONVERSATIONS)
    const [sender, receiver] = place % 8 < LONG_CONVERSATIONS ? [one, other] : [other, one]
    return { ...send, sender, receiver, id: `long-${messageId(at)}` }
  }
}

export function chatDataset(size: Size): Dataset {
  return {
    name: 'chat',
    async fill(contestant: Contestant): Promise<void> {
      const next = mixedSource(size)
      await closedLoop({ inFlight: IN_FLIGHT, operations: MESSAGES[size] }, () => contestant.send(next()))
    },
  }
}

/** The conversations that the dataset has, each once, in the order in which they began. */
export function chatPairs(size: Size, limit: number): Array<Pick<DirectSend, 'sender' | 'receiver'>> {
  const next = mixedSource(size)
  const pairs = new Map<string, Pick<DirectSend, 'sender' | 'receiver'>>()
  for (let index = 0; index < MESSAGES[size] && pairs.size < limit; index++) {
    const { sender, receiver } = next()
    const name = sender < receiver ? `${sender} ${receiver}` : `${receiver} ${sender}`
    if (!pairs.has(name)) pairs.set(name, { sender, receiver })
  }
  return [...pairs.values()]
}

export function shuffled<Item>(items: readonly Item[], seed: number): Item[] {
  const random = seededRandom(seed)
  const order = [...items]
  for (let index = order.length - 1; index > 0; index--) {
    const other = below(random, index + 1)
    const item = order[index]!
    order[index] = order[other]!
    order[other] = item
  }
  return order
}

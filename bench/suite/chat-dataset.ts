import { closedLoop } from '../measure/closed-loop.js'
import { type Contestant, LIST_LENGTH } from '../peers/contestant.js'
import { burstSource, CHAT, listFilling } from '../workload/bursts.js'
import { below, seededRandom } from '../workload/random.js'
import { type DirectSend, messageId, type SendSource } from '../workload/send.js'
import type { Dataset, Size } from './benchmark.js'

const SEED = 20_240_501
const IN_FLIGHT = 1024

/** Messages of the store that reads are measured on, and how many of them a few long conversations have each. */
const MESSAGES: Record<Size, number> = { short: 100_000, full: 1_000_000 }
export const LONG_MESSAGES: Record<Size, number> = { short: 1000, full: 5000 }
const LONG_CONVERSATIONS = 4
/** So many users have full lists at least. */
const LISTED_USERS = 500

export const longPair = (index: number): readonly [string, string] => [`long-${index}-a`, `long-${index}-b`]

function chatSource(): SendSource {
  return burstSource({ ...CHAT, seed: SEED })
}

/**
 * Chat-like bursts; in between, spread over the whole store, the messages of the long conversations and those that fill
 * lists.
 */
function mixedSource(size: Size): SendSource {
  const bursts = chatSource()
  const longEvery = Math.floor(MESSAGES[size] / (LONG_CONVERSATIONS * LONG_MESSAGES[size]))
  const listEvery = Math.floor(MESSAGES[size] / (LISTED_USERS * LIST_LENGTH))
  let index = 0
  let lists = 0
  return () => {
    const at = index++
    const send = bursts()
    if (at % longEvery === 0)
      return { ...send, ...longParticipants(at / longEvery), id: `long-${messageId(at)}` }
    if (at % listEvery === 1) return listFilling(lists++, LISTED_USERS, CHAT.users)
    return send
  }
}

function longParticipants(place: number): Pick<DirectSend, 'sender' | 'receiver'> {
  const [one, other] = longPair(place % LONG_CONVERSATIONS)
  const turn = Math.floor(place / LONG_CONVERSATIONS) % 2
  return turn === 0 ? { sender: one, receiver: other } : { sender: other, receiver: one }
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

export interface ChatConversation {
  readonly sender: string
  readonly receiver: string
  messages: number
}

/** The conversations that the dataset has, the longest first; found without asking a store, which would warm it. */
export function chatConversations(size: Size): ChatConversation[] {
  const next = mixedSource(size)
  const conversations = new Map<string, ChatConversation>()
  for (let index = 0; index < MESSAGES[size]; index++) {
    const { sender, receiver } = next()
    const name = sender < receiver ? `${sender} ${receiver}` : `${receiver} ${sender}`
    const known = conversations.get(name)
    if (known === undefined) conversations.set(name, { sender, receiver, messages: 1 })
    else known.messages++
  }
  return [...conversations.values()].sort((one, other) => other.messages - one.messages)
}

/** Users whose lists are full in this dataset. */
export function usersWithFullLists(size: Size): string[] {
  const peers = new Map<string, number>()
  for (const { sender, receiver } of chatConversations(size)) {
    for (const user of [sender, receiver]) peers.set(user, (peers.get(user) ?? 0) + 1)
  }
  return [...peers].filter(([, count]) => count >= LIST_LENGTH).map(([user]) => user)
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

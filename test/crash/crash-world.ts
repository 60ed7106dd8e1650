import { directConversationId } from '../../src/index.js'
import { SeededChance } from '../../src/backend/reference/seeded-chance.js'
import type { Send } from './operation.js'

/** Ids that would meet each other where keys are not prefix-free, or leave the directory where ids became paths. */
export const crashUsers: readonly string[] = ['a', 'ab', 'a\0', '../etc', 'Zoë', '🕊️', 'frank', '__proto__']

export interface GroupNow {
  readonly id: string
  readonly creator: string
  /** Who is in it, as far as anybody knows; the creator stays. */
  readonly members: string[]
}

/** What a worker is told: all that it needs to go on where the last one died. */
export interface WorkerPlan {
  readonly location: string
  readonly journal: string
  readonly variant: string
  readonly cycle: number
  readonly seed: number
  readonly clients: number
  readonly calls: number
  /** After so many calls it says `working`. */
  readonly sayAt: number
  readonly clockJumps: boolean
  readonly ending: Ending
  /** Whether faults are put in its way: only then calls may fail by one. */
  readonly faults: boolean
  /** How many files it may open; null: as many as it likes. */
  readonly descriptors: number | null
  readonly groups: readonly GroupNow[]
  /** Sends whose outcome nobody knows: phones try them again. */
  readonly retry: readonly Send[]
}

/** How a worker ends by itself after its calls, unless it is killed before. */
export type Ending = 'close' | 'exit' | 'throw' | 'reject' | 'terminate' | 'wait'

/** The exit code of a worker whose store could not be opened or closed, for a fault that was put in its way. */
export const refusedExit = 3

/** The same id has the same content in every process. */
function textOf(id: string): string {
  let seed = 7
  for (const letter of id) seed = Math.imul(seed, 31) + letter.charCodeAt(0)
  const chance = new SeededChance(seed)
  const words = chance.happens(0.03) ? 400 : chance.below(14)
  return Array.from(
    { length: words },
    () => ['soup', 'tomorrow', 'naïve', '🙂', 'the', 'why'][chance.below(6)],
  ).join(' ')
}

export function directSend(sender: string, receiver: string, id: string): Send {
  const text = textOf(id)
  const attributes = id.length % 3 === 0 ? { n: text.length } : null
  return {
    kind: 'send',
    sender,
    receiver,
    conversation: directConversationId(sender, receiver),
    id,
    text,
    attributes,
  }
}

export function groupSend(sender: string, conversation: string, id: string): Send {
  return { kind: 'send', sender, receiver: null, conversation, id, text: textOf(id), attributes: null }
}

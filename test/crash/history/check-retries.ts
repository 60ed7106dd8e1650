import { isDeepStrictEqual } from 'node:util'
import { isColumbaError } from '../../../src/errors.js'
import { perform } from '../operation.js'
import type { Send } from '../operation.js'
import type { StoreCheck } from './check-store.js'
import type { SentMessage } from './sent-message.js'

/** Messages of earlier processes that are tried again, and messages that are tried with another content. */
const sample = 40

/**
 * Sends everything of the last process again, and some of the earlier ones: what is there is answered with its first
 * receipt; of what is missing, half is sent now and half stays missing for good.
 */
export async function checkRetries(check: StoreCheck): Promise<void> {
  const { history, chance, store, wrong } = check
  const all = [...history.messages.values()]
  const recent = all.filter(({ cycle }) => cycle === history.cycle)
  const old = Array.from(
    { length: Math.min(sample, all.length) },
    () => all[chance.below(all.length)] as SentMessage,
  )
  for (const sent of new Set([...recent, ...old])) {
    if (sent.state === 'acknowledged') await again(check, sent)
    else if (chance.happens(0.5)) await anew(check, sent)
  }
  for (const { send, state } of old.slice(0, 10)) {
    if (state !== 'acknowledged') continue
    const other = { ...send, text: `${send.text} and more` }
    const outcome = await perform(store, other).catch((error: unknown) => error)
    if (!isColumbaError(outcome, 'IDEMPOTENCY_CONFLICT'))
      wrong(`${send.id} was accepted with another content`)
  }
}

async function again({ store, wrong }: StoreCheck, { send, receipt }: SentMessage): Promise<void> {
  const repeated = await perform(store, send)
  if (!isDeepStrictEqual(repeated, { ...receipt, duplicate: true }))
    wrong(`a repeat of ${send.id} gave ${JSON.stringify(repeated)}, the first was ${JSON.stringify(receipt)}`)
}

/** One message comes of it, unless something forbids it by now. */
async function anew({ store, history, wrong }: StoreCheck, { send }: SentMessage): Promise<void> {
  try {
    const receipt = await history.make(send, () => perform(store, send))
    if (receipt?.duplicate !== false) wrong(`${send.id} was missing, and its repeat is a duplicate`)
  } catch (error) {
    if (!mayBeRefused(error, send)) throw error
  }
}

function mayBeRefused(error: unknown, { receiver }: Send): boolean {
  return isColumbaError(error, receiver === null ? 'NOT_A_MEMBER' : 'BLOCKED')
}

import { peerOf } from './bursts.js'
import { below, seededRandom, zipf } from './random.js'
import { messageId, type SendSource, type DirectSend, EPOCH_MS, userId } from './send.js'
import { textPool } from './texts.js'

/** A send, or what a client reads: the list of a user, or the newest page of a conversation of theirs. */
export type Operation =
  | { readonly kind: 'send'; readonly send: DirectSend }
  | { readonly kind: 'list'; readonly user: string }
  | { readonly kind: 'page'; readonly user: string; readonly peer: string }

export type OperationSource = () => Operation

/** After each send one read: in turn the receiver's list and the page of the conversation that has just changed. */
function withReads(sends: SendSource): OperationSource {
  let turn = 0
  let last: DirectSend | null = null
  return () => {
    const step = turn++ % 4
    if (step % 2 === 0 || last === null) return { kind: 'send', send: (last = sends()) }
    if (step === 1) return { kind: 'list', user: last.receiver }
    return { kind: 'page', user: last.receiver, peer: last.sender }
  }
}

const PEERS = 30

/** Senders by popularity, each among people of their own. */
export function zipfOperations(seed: number, users: number, exponent: number): OperationSource {
  const random = seededRandom(seed)
  const texts = textPool(seed)
  const person = zipf(random, users, exponent)
  let index = 0
  return withReads(() => {
    const sender = person()
    const receiver = peerOf(sender, Math.floor(PEERS * random() ** 2), users)
    const at = index++
    return {
      sender: userId(sender),
      receiver: userId(receiver),
      text: texts[below(random, texts.length)]!,
      id: messageId(at),
      timestamp: EPOCH_MS + at,
    }
  })
}

export function traceOperations(sends: readonly DirectSend[]): OperationSource {
  let index = 0
  return withReads(() => sends[index++ % sends.length]!)
}

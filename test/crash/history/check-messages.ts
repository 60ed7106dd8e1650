import type { Message } from '../../../src/model/message.js'
import type { StoreCheck } from './check-store.js'
import type { History } from './history.js'
import type { SentMessage } from './sent-message.js'

/** One conversation's messages, all of them: gapless, each known, each as it was sent, in the order of the calls. */
export function checkMessages(
  { history, wrong }: StoreCheck,
  id: string,
  messages: readonly Message[],
): void {
  const present = new Set<SentMessage>()
  let last: SentMessage | undefined
  let lastTime = 0
  for (const [at, message] of messages.entries()) {
    const where = `message ${message.seq} of ${id}`
    if (message.seq !== at + 1) return wrong(`${where} stands at place ${at + 1}`)
    if (message.timestamp < lastTime) wrong(`${where} is older than the one before it`)
    lastTime = message.timestamp
    const sent = history.messages.get(JSON.stringify([id, message.sender, message.id]))
    if (sent === undefined) {
      wrong(`${where} was never sent: ${message.id} of ${message.sender}`)
      continue
    }
    if (present.has(sent)) wrong(`${where} is there twice`)
    present.add(sent)
    if (sent.state === 'absent') wrong(`${where} was refused, or known to be missing, and is there`)
    compare(wrong, where, sent, message)
    if (last !== undefined && last.called > sent.lastCalled)
      wrong(`${where} was called before the message in front of it`)
    last = sent
    settle(history, sent, message)
  }
  checkMissing({ history, wrong }, id, present)
}

function compare(
  wrong: (what: string) => void,
  where: string,
  { send, receipt }: SentMessage,
  message: Message,
): void {
  const { text, attributes } = send
  if (message.text !== text || JSON.stringify(message.attributes ?? null) !== JSON.stringify(attributes))
    wrong(`${where} has another content`)
  if (receipt === null) return
  if (receipt.seq !== message.seq || receipt.timestamp !== message.timestamp)
    wrong(`${where} of ${message.timestamp} was acknowledged as ${receipt.seq} of ${receipt.timestamp}`)
}

/** What is there now was stored, whoever knew of it, and stays. */
function settle(history: History, sent: SentMessage, { conversationId, id, seq, timestamp }: Message): void {
  if (sent.receipt !== null) return
  history.stored(sent, { conversationId, seq, messageId: id, timestamp, duplicate: false })
}

/** What is missing was not acknowledged, and nothing that was called after it in the same process is there. */
function checkMissing(
  { history, wrong }: Pick<StoreCheck, 'history' | 'wrong'>,
  id: string,
  present: ReadonlySet<SentMessage>,
): void {
  const lastCalled = new Map<number, number>()
  for (const { cycle, called, lastCycle } of present) {
    // One that was tried again by a later process may have been stored by that one.
    if (cycle === lastCycle) lastCalled.set(cycle, Math.max(lastCalled.get(cycle) ?? 0, called))
  }
  for (const sent of history.messages.values()) {
    if (sent.send.conversation !== id || present.has(sent)) continue
    if (sent.state === 'acknowledged')
      wrong(`${sent.send.id} of ${id} was acknowledged at ${sent.receipt?.seq} and is gone`)
    if (sent.state === 'unknown' && sent.called < (lastCalled.get(sent.cycle) ?? 0))
      wrong(`${sent.send.id} of ${id} is missing, and later calls of its process are there`)
    if (sent.state === 'unknown') sent.state = 'absent'
  }
}

import type { Contestant, ConversationReference } from '../peers/contestant.js'
import type { ContestantName } from '../peers/contestants.js'
import { below, seededRandom } from '../workload/random.js'
import type { Benchmark, Measured, Run, Size } from './benchmark.js'
import { chatDataset, chatConversations, LONG_MESSAGES, longPair, shuffled } from './chat-dataset.js'
import { compiledAndCold, readLoop } from './read-loop.js'
import { timesBestPeer } from './thresholds.js'

const READERS: readonly ContestantName[] = ['columba', 'better-sqlite3', 'lmdb', 'level']
const IN_FLIGHT = 16
const WARM_CONVERSATIONS: Record<Size, number> = { short: 100, full: 500 }
const READS: Record<Size, number> = { short: 20_000, full: 200_000 }
const COLD_CONVERSATIONS: Record<Size, number> = { short: 2000, full: 20_000 }
const LONG_CONVERSATIONS = 4
const SEED = 15

interface Place {
  readonly user: string
  readonly conversation: ConversationReference
}

/** The longest conversations: most pages should be full. */
async function places(contestant: Contestant, size: Size, limit: number): Promise<Place[]> {
  const pairs = shuffled(chatConversations(size).slice(0, limit), SEED)
  const found: Place[] = []
  for (const { sender, receiver } of pairs) {
    found.push({ user: receiver, conversation: await contestant.conversationOf(sender, receiver) })
  }
  return found
}

async function warm(contestant: Contestant, size: Size): Promise<Measured> {
  const warmed = await places(contestant, size, WARM_CONVERSATIONS[size])
  for (const { user, conversation } of warmed) await contestant.page(user, conversation)
  const random = seededRandom(SEED)
  return readLoop({ operations: READS[size], inFlight: IN_FLIGHT }, () => {
    const { user, conversation } = warmed[below(random, warmed.length)]!
    return contestant.page(user, conversation)
  })
}

/** Which conversations there are is found out by another handle, so that looking them up warms nothing. */
async function cold(run: Run): Promise<Measured> {
  const scout = await run.open()
  const unread = await places(scout, run.size, COLD_CONVERSATIONS[run.size])
  await scout.close()
  const loop = { operations: unread.length, inFlight: IN_FLIGHT }
  return compiledAndCold(run.open, (contestant) =>
    readLoop(loop, (index) => {
      const { user, conversation } = unread[index]!
      return contestant.page(user, conversation)
    }),
  )
}

/** From the newest message back to the first, a page after the other, as one reader does it. */
async function scroll(contestant: Contestant, size: Size): Promise<Measured> {
  let pages = 0
  let messages = 0
  const begin = performance.now()
  for (let index = 0; index < LONG_CONVERSATIONS; index++) {
    const [one, other] = longPair(index)
    const conversation = await contestant.conversationOf(one, other)
    let before: number | undefined
    for (;;) {
      const page = await contestant.page(one, conversation, before)
      if (page.length === 0) break
      pages++
      messages += page.length
      before = page.at(-1)!.seq
      if (before === 1) break
    }
  }
  const seconds = (performance.now() - begin) / 1000
  if (messages !== LONG_CONVERSATIONS * LONG_MESSAGES[size])
    throw new Error(`scrolled over ${messages} messages`)
  return { perSecond: pages / seconds, rowsPerRead: messages / pages, p50Ms: (seconds / pages) * 1000 }
}

export const b5: Benchmark = {
  id: 'B5',
  title: 'Pages of a conversation',
  workload:
    'The newest 50 messages of the longest conversations: read before, and each once after opening; and all ' +
    'pages of a few long conversations from the newest to the first, after opening. What is read after opening was read once before, ' +
    'by a handle that was closed, so that the code is compiled.',
  runs: { short: 1, full: 7 },
  columns: [
    { figure: 'perSecond', title: 'pages/s', unit: '/s', plotted: true },
    { figure: 'rowsPerRead', title: 'rows', unit: '' },
    { figure: 'p50Ms', title: 'p50', unit: 'ms' },
    { figure: 'p99Ms', title: 'p99', unit: 'ms' },
  ],
  thresholds: [
    timesBestPeer('newest page, warm', 'warm', 'perSecond', { must: 5 }),
    timesBestPeer('newest page, cold', 'cold', 'perSecond', { must: 0.8, aim: 2 }),
    timesBestPeer('scrolling back', 'scroll', 'perSecond', { must: 0.7, aim: 2 }),
  ],
  datasets: (size) => [chatDataset(size)],
  points: (size) =>
    [
      { key: 'warm', label: `newest page, warm, ${IN_FLIGHT} in flight` },
      { key: 'cold', label: `newest page, cold, ${IN_FLIGHT} in flight` },
      { key: 'scroll', label: `scrolling back through ${LONG_MESSAGES[size].toLocaleString('en')} messages` },
    ].map((point) => ({ ...point, contestants: READERS, parameters: {}, dataset: 'chat', readsOnly: true })),
  async measure(run) {
    if (run.point.key === 'cold') return cold(run)
    if (run.point.key === 'scroll')
      return compiledAndCold(run.open, (contestant) => scroll(contestant, run.size))
    const contestant = await run.open()
    const measured = await warm(contestant, run.size)
    await contestant.close()
    return measured
  },
}

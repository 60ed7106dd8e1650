import { openLoop } from '../measure/open-loop.js'
import { burstSource, CHAT } from '../workload/bursts.js'
import type { ContestantName } from '../peers/contestants.js'
import { below, seededRandom } from '../workload/random.js'
import type { Benchmark, Measured, Run, Size } from './benchmark.js'
import { chatDataset } from './chat-dataset.js'
import { readLoop } from './read-loop.js'
import { atMost, timesBestPeer } from './thresholds.js'
import { WARM_UP_SECONDS } from './warm-up.js'
import { warmUsers } from './warm-users.js'

const READERS: readonly ContestantName[] = [
  'columba',
  'better-sqlite3',
  'better-sqlite3-wide',
  'lmdb',
  'level',
  'postgresql',
  'redis',
]
const WARM_USERS = 300
const READS: Record<Size, number> = { short: 20_000, full: 200_000 }
const IN_FLIGHT = 16
/** Beside the sends: a list each half millisecond, in the same process. */
const LISTS_PER_SECOND = 2000
const BESIDE_SECONDS: Record<Size, number> = { short: 3, full: 30 }
const SEED = 13

async function besideSends(run: Run): Promise<Measured> {
  const contestant = await run.open()
  const random = seededRandom(SEED)
  const next = burstSource({ ...CHAT, seed: SEED })
  const users = await warmUsers(contestant, WARM_USERS)
  const both = (seconds: number) =>
    Promise.all([
      openLoop({ perSecond: LISTS_PER_SECOND, seconds }, () =>
        contestant.list(users[below(random, users.length)]!),
      ),
      openLoop({ perSecond: run.sendsPerSecond / 2, seconds }, () => contestant.send(next())),
    ])
  await both(WARM_UP_SECONDS[run.size])
  const seconds = BESIDE_SECONDS[run.size]
  const [lists, sends] = await both(seconds)
  await contestant.close()
  return {
    ...lists.latencies.summary(),
    ...sends.latencies.summary('send-'),
    sendsPerSecond: sends.operations / seconds,
    failures: lists.failures + sends.failures,
  }
}

async function warm(run: Run): Promise<Measured> {
  const contestant = await run.open()
  const random = seededRandom(SEED)
  const users = await warmUsers(contestant, WARM_USERS)
  const loop = { operations: READS[run.size], inFlight: IN_FLIGHT }
  const measured = await readLoop(loop, () => contestant.list(users[below(random, users.length)]!))
  await contestant.close()
  return measured
}

export const b3: Benchmark = {
  id: 'B3',
  title: 'Conversation lists, warm users',
  workload:
    `The newest 20 conversations with last message and unread count, of users with full lists that were read before. ` +
    'Beside sends: lists and sends (at half the rate of B1) at fixed rates in one process, latency from when each was due; the first seconds are not counted.',
  runs: { short: 1, full: 7 },
  columns: [
    { figure: 'perSecond', title: 'lists/s', unit: '/s', plotted: true },
    { figure: 'rowsPerRead', title: 'rows', unit: '' },
    { figure: 'p50Ms', title: 'p50', unit: 'ms' },
    { figure: 'p99Ms', title: 'p99', unit: 'ms' },
    { figure: 'sendsPerSecond', title: 'sends beside', unit: '/s' },
  ],
  thresholds: [
    timesBestPeer('warm', 'warm', 'perSecond', { must: 8, aim: 10 }),
    atMost('p99 beside sends at half load', 'beside', 'p99Ms', 'ms', { must: 1 }),
  ],
  datasets: (size) => [chatDataset(size)],
  points: () => [
    {
      key: 'warm',
      label: `${IN_FLIGHT} in flight`,
      contestants: READERS,
      parameters: {},
      dataset: 'chat',
      readsOnly: true,
    },
    {
      key: 'beside',
      label: `${LISTS_PER_SECOND.toLocaleString('en')} lists/s beside sends`,
      contestants: ['columba', 'better-sqlite3'],
      parameters: {},
      dataset: 'chat',
      rateOf: 'self',
    },
  ],
  measure: (run) => (run.point.key === 'warm' ? warm(run) : besideSends(run)),
}

import { burstSource, CHAT } from '../workload/bursts.js'
import type { ContestantName } from '../peers/contestants.js'
import { below, seededRandom } from '../workload/random.js'
import type { Benchmark, Run, Measured, Size } from './benchmark.js'
import { readLoop } from './read-loop.js'
import { sustainedSends } from './sustained-sends.js'
import { atMost, timesContestant } from './thresholds.js'
import { fillLists, warmUsers } from './warm-users.js'

const MESSAGES = 200_000
/** Sent before the clock starts, by everybody: compilers and caches are as they are in a server that has run for a second. */
const WARM_UP = 50_000
const READS: Record<Size, number> = { short: 30_000, full: 100_000 }
const IN_FLIGHT = 256
const LISTS_IN_FLIGHT = 16
const WARM_USERS = 100
const CONTESTANTS: readonly ContestantName[] = [
  'columba',
  'better-sqlite3-plain',
  'better-sqlite3',
  'postgresql',
  'redis',
]
const GUARD_CONTESTANTS: readonly ContestantName[] = ['columba', 'better-sqlite3']
/** Cache budget of the default settings, and what everything else may take. */
const CACHE_MIB = 64
const BESIDE_CACHE_MIB = 200
const SEED = 10

async function sendsThenLists(run: Run): Promise<Measured> {
  const { warmUp, messages, reads } = run.point.parameters as {
    warmUp: number
    messages: number
    reads: number
  }
  const next = burstSource({ ...CHAT, seed: SEED })
  const random = seededRandom(SEED)
  const contestant = await run.open()
  await sustainedSends(contestant, { operations: warmUp, inFlight: IN_FLIGHT, next })
  const sends = await sustainedSends(contestant, { operations: messages, inFlight: IN_FLIGHT, next })
  await fillLists(contestant, WARM_USERS)
  const users = await warmUsers(contestant, WARM_USERS)
  const lists = await readLoop({ operations: reads, inFlight: LISTS_IN_FLIGHT }, () =>
    contestant.list(users[below(random, users.length)]!),
  )
  await contestant.close()
  return {
    ...sends,
    listsPerSecond: lists['perSecond']!,
    listP99Ms: lists['p99Ms']!,
    rowsPerRead: lists['rowsPerRead']!,
    peakRssAnonMib: Math.max(sends['peakRssAnonMib']!, lists['peakRssAnonMib']!),
  }
}

export const first: Benchmark = {
  id: 'first',
  title: 'In one look',
  workload:
    'Chat-like durable sends with 256 in flight, behind 50,000 that are not timed, then the newest 20 conversations of warm ' +
    'users with full lists, in the same process. SQLite in WAL mode with `synchronous=FULL` and one transaction for all that ' +
    'waits: plain, with its tables as one draws them, and as fast as we could make it, with an inbox and heads kept in ' +
    'memory in front of it. PostgreSQL with one call, and one transaction, for all that waits; Redis with `appendfsync always` ' +
    'and scripts. Both run on the same machine, behind a socket.',
  runs: { short: 1, full: 7 },
  columns: [
    { figure: 'perSecond', title: 'sends/s', unit: '/s', plotted: true },
    { figure: 'listsPerSecond', title: 'lists/s', unit: '/s', plotted: true },
    { figure: 'rowsPerRead', title: 'rows', unit: '' },
    { figure: 'p99Ms', title: 'send p99', unit: 'ms' },
    { figure: 'cpuMicrosPerOperation', title: 'CPU per send', unit: 'µs' },
    { figure: 'peakRssAnonMib', title: 'RssAnon', unit: 'MiB' },
  ],
  thresholds: [
    timesContestant('durable sends, 256 in flight', 'chat', 'perSecond', 'better-sqlite3-plain', { must: 4 }),
    timesContestant('warm lists of 20', 'chat', 'listsPerSecond', 'better-sqlite3-plain', { must: 5 }),
    timesContestant('warm lists of 20', 'chat', 'listsPerSecond', 'better-sqlite3', { must: 5 }),
    atMost('RssAnon', 'chat', 'peakRssAnonMib', 'MiB', { must: CACHE_MIB + BESIDE_CACHE_MIB }),
  ],
  points: (size) => [
    {
      key: 'chat',
      label: `${MESSAGES.toLocaleString('en')} messages`,
      contestants: CONTESTANTS,
      parameters: { warmUp: WARM_UP, messages: MESSAGES, reads: READS[size] },
    },
  ],
  measure: sendsThenLists,
}

/** Enough that the store flushes inside; under a minute and a half with all runs. */
const GUARD_LOAD = { warmUp: 20_000, messages: 60_000, reads: 20_000 }
const GUARD_RUNS = 3

/**
 * A regression guard for busy, shared machines: only ratios to SQLite in the same minute, with margins wide enough that
 * noise does not trip it. What it catches is a change that costs a factor.
 */
export const guard: Benchmark = {
  ...first,
  id: 'guard',
  title: 'Regression guard',
  runs: { short: GUARD_RUNS, full: GUARD_RUNS },
  thresholds: [
    timesContestant('durable sends, 256 in flight', 'chat', 'perSecond', 'better-sqlite3', { must: 1 }),
    timesContestant('warm lists of 20', 'chat', 'listsPerSecond', 'better-sqlite3', { must: 2 }),
  ],
  points: () => [{ key: 'chat', label: 'chat-like', contestants: GUARD_CONTESTANTS, parameters: GUARD_LOAD }],
}

import { openLoop } from '../measure/open-loop.js'
import { ResourceMeter } from '../measure/resources.js'
import { burstSource, CHAT } from '../workload/bursts.js'
import { below, seededRandom } from '../workload/random.js'
import { userId } from '../workload/send.js'
import type { Benchmark, Measured, Point, Run, Size } from './benchmark.js'
import { shuffled } from './chat-dataset.js'
import { readLoop } from './read-loop.js'
import { sustainedSends } from './sustained-sends.js'
import { atMost, timesBestPeer, timesPoint } from './thresholds.js'
import { fillLists, warmUsers } from './warm-users.js'

const MESSAGES: Record<Size, readonly number[]> = {
  short: [50_000, 100_000, 200_000],
  full: [100_000, 1_000_000, 10_000_000],
}
const SMALLEST = 'small'
const LARGEST = 'large'
const KEYS = [SMALLEST, 'middle', LARGEST]
const FIXED_RATE = 20_000
const FIXED_RATE_SECONDS: Record<Size, number> = { short: 4, full: 30 }
const READS: Record<Size, number> = { short: 10_000, full: 100_000 }
const WARM_USERS = 100
const COLD_USERS = 5000
const READS_IN_FLIGHT = 16
/** Cache budget of the default settings, and what everything else may take. */
const CACHE_MIB = 64
const BESIDE_CACHE_MIB = 200
const SEED = 18

function prefixed(prefix: string, measured: Measured): Measured {
  return Object.fromEntries(Object.entries(measured).map(([figure, value]) => [`${prefix}${figure}`, value]))
}

async function growth(run: Run): Promise<Measured> {
  const { messages } = run.point.parameters as { messages: number }
  const next = burstSource({ ...CHAT, seed: SEED })
  const random = seededRandom(SEED)
  let contestant = await run.open()
  const sends = await sustainedSends(contestant, { operations: messages, inFlight: 256, next })
  if (run.contestant !== 'columba') {
    await contestant.close()
    return sends
  }
  const meter = new ResourceMeter()
  const load = { perSecond: FIXED_RATE, seconds: FIXED_RATE_SECONDS[run.size] }
  const fixed = await openLoop(load, () => contestant.send(next()))
  const fixedResources = meter.stop(fixed.operations)
  await fillLists(contestant, WARM_USERS)
  const warmed = await warmUsers(contestant, WARM_USERS)
  const warm = await readLoop({ operations: READS[run.size], inFlight: READS_IN_FLIGHT }, () =>
    contestant.list(warmed[below(random, warmed.length)]!),
  )
  await contestant.close()
  contestant = await run.open()
  const users = shuffled(
    Array.from({ length: CHAT.users }, (_, index) => userId(index)),
    SEED,
  )
  const cold = await readLoop({ operations: COLD_USERS, inFlight: READS_IN_FLIGHT }, (index) =>
    contestant.list(users[index]!),
  )
  await contestant.close()
  return {
    ...sends,
    ...prefixed('fixed-', { ...fixed.latencies.summary(), ...fixedResources }),
    ...prefixed('warm-', warm),
    ...prefixed('cold-', cold),
    peakRssAnonMib: Math.max(sends['peakRssAnonMib']!, fixedResources['peakRssAnonMib']!),
  }
}

export const b8: Benchmark = {
  id: 'B8',
  title: 'Growth',
  workload:
    'Chat-like sends with 256 in flight until the store has so many messages; then 20,000 sends/s at a fixed rate, warm ' +
    'lists, and, after opening again, cold lists.',
  runs: { short: 1, full: 7 },
  columns: [
    { figure: 'perSecond', title: 'sends/s', unit: '/s', plotted: true },
    { figure: 'fixed-cpuMicrosPerOperation', title: 'CPU per send at 20 k/s', unit: 'µs' },
    { figure: 'fixed-p99Ms', title: 'p99 at 20 k/s', unit: 'ms' },
    { figure: 'warm-perSecond', title: 'warm lists/s', unit: '/s' },
    { figure: 'cold-perSecond', title: 'cold lists/s', unit: '/s' },
    { figure: 'peakRssAnonMib', title: 'RssAnon', unit: 'MiB' },
  ],
  thresholds: [
    timesPoint(
      'CPU per send, largest × smallest',
      LARGEST,
      SMALLEST,
      'fixed-cpuMicrosPerOperation',
      'lower',
      {
        must: 1.3,
      },
    ),
    timesPoint('p99 at the fixed rate, largest × smallest', LARGEST, SMALLEST, 'fixed-p99Ms', 'lower', {
      must: 1.3,
    }),
    timesBestPeer('sustained sends, largest', LARGEST, 'perSecond', { must: 2, aim: 5 }),
    timesPoint('warm lists, smallest × largest', SMALLEST, LARGEST, 'warm-perSecond', 'lower', { must: 1.3 }),
    timesPoint('cold lists, smallest × largest', SMALLEST, LARGEST, 'cold-perSecond', 'lower', { must: 1.3 }),
    atMost('RssAnon, largest', LARGEST, 'peakRssAnonMib', 'MiB', { must: CACHE_MIB + BESIDE_CACHE_MIB }),
  ],
  points: (size) =>
    MESSAGES[size].map((messages, index): Point => ({
      key: KEYS[index]!,
      label: `${messages.toLocaleString('en')} messages`,
      contestants: KEYS[index] === LARGEST ? ['columba', 'better-sqlite3', 'lmdb', 'level'] : ['columba'],
      parameters: { messages },
      // Hours with all runs; the spread of a run of minutes is small.
      ...(KEYS[index] === LARGEST ? { runs: { full: 1 } } : {}),
    })),
  measure: growth,
}

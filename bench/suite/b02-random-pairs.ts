import { randomPairSource } from '../workload/pairs.js'
import type { Benchmark, Size } from './benchmark.js'
import { sustainedSends } from './sustained-sends.js'
import { timesBestPeer } from './thresholds.js'

/** So many that hardly any pair meets twice, and their lists exceed every cache. */
const USERS: Record<Size, number> = { short: 100_000, full: 1_000_000 }
const MESSAGES: Record<Size, number> = { short: 40_000, full: 1_000_000 }
const SEED = 12

export const b2: Benchmark = {
  id: 'B2',
  title: 'Durable sends between random pairs',
  workload: 'Every message between two users drawn anew from far more than the cache holds; 256 in flight.',
  runs: { short: 1, full: 7 },
  columns: [
    { figure: 'perSecond', title: 'sends/s', unit: '/s', plotted: true },
    { figure: 'p50Ms', title: 'p50', unit: 'ms' },
    { figure: 'p99Ms', title: 'p99', unit: 'ms' },
    { figure: 'cpuMicrosPerOperation', title: 'CPU per send', unit: 'µs' },
    { figure: 'writtenBytesPerOperation', title: 'written per send', unit: 'bytes' },
    { figure: 'peakRssAnonMib', title: 'RssAnon', unit: 'MiB' },
  ],
  thresholds: [timesBestPeer('256 in flight', '256', 'perSecond', { must: 5, aim: 8 })],
  points(size) {
    return [
      {
        key: '256',
        label: `${MESSAGES[size].toLocaleString('en')} messages, ${USERS[size].toLocaleString('en')} users`,
        contestants: ['columba', 'better-sqlite3', 'lmdb', 'level', 'postgresql', 'redis'],
        parameters: { inFlight: 256, messages: MESSAGES[size], users: USERS[size] },
      },
    ]
  },
  async measure(run) {
    const { inFlight, messages, users } = run.point.parameters as {
      inFlight: number
      messages: number
      users: number
    }
    const next = randomPairSource(SEED, users)
    const contestant = await run.open()
    const measured = await sustainedSends(contestant, { operations: messages, inFlight, next })
    await contestant.close()
    return measured
  },
}

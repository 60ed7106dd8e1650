import { burstSource, CHAT } from '../workload/bursts.js'
import { withRetries } from '../workload/retries.js'
import type { Benchmark, Size } from './benchmark.js'
import { sustainedSends } from './sustained-sends.js'
import { timesPoint } from './thresholds.js'

const CALLS: Record<Size, number> = { short: 60_000, full: 1_000_000 }
const IN_FLIGHT = 256
const SHAPE = { ...CHAT, seed: 22 }

export const b12: Benchmark = {
  id: 'B12',
  title: 'Retries',
  workload:
    'Half of all sends are repeats, half of those of something recent, half of something old; 256 in flight.',
  runs: { short: 1, full: 7 },
  columns: [
    { figure: 'perSecond', title: 'calls/s', unit: '/s', plotted: true },
    { figure: 'p99Ms', title: 'p99', unit: 'ms' },
    { figure: 'cpuMicrosPerOperation', title: 'CPU per call', unit: 'µs' },
  ],
  thresholds: [
    timesPoint('calls/s, × the same without repeats', 'retries', 'fresh', 'perSecond', 'higher', { must: 1 }),
  ],
  points: (size) => [
    {
      key: 'fresh',
      label: 'no repeats',
      contestants: ['columba', 'better-sqlite3'],
      parameters: { calls: CALLS[size] },
    },
    {
      key: 'retries',
      label: 'half repeats',
      contestants: ['columba', 'better-sqlite3'],
      parameters: { calls: CALLS[size] },
    },
  ],
  async measure(run) {
    const { calls } = run.point.parameters as { calls: number }
    const fresh = burstSource(SHAPE)
    const next = run.point.key === 'fresh' ? fresh : withRetries(fresh, burstSource(SHAPE), SHAPE.seed)
    const contestant = await run.open()
    const measured = await sustainedSends(contestant, { operations: calls, inFlight: IN_FLIGHT, next })
    await contestant.close()
    return measured
  },
}

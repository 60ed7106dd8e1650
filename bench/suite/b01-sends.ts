import { burstSource, CHAT } from '../workload/bursts.js'
import type { ContestantName } from '../peers/contestants.js'
import type { Benchmark, Point, Size } from './benchmark.js'
import { sustainedSends } from './sustained-sends.js'
import { timesBestPeer, timesContestant } from './thresholds.js'

const CONTESTANTS: readonly ContestantName[] = [
  'columba',
  'better-sqlite3',
  'lmdb',
  'level',
  'postgresql',
  'redis',
  'bare-log',
]

/** In flight → messages: fewer where each waits for a sync of its own. */
const MESSAGES: Record<Size, Record<number, number>> = {
  short: { 1: 2000, 16: 15_000, 256: 60_000, 1024: 60_000 },
  full: { 1: 30_000, 16: 150_000, 256: 1_000_000, 1024: 1_000_000 },
}
const SEED = 11

export const b1: Benchmark = {
  id: 'B1',
  title: 'Durable sends, chat-like',
  workload:
    'Bursts of about 8 messages between two of 10,000 skewed users, 512 bursts interleaved, texts of about 100 bytes; ' +
    'each send answered when it is durable. The time until background work has caught up is part of it.',
  runs: { short: 1, full: 7 },
  columns: [
    { figure: 'perSecond', title: 'sends/s', unit: '/s', plotted: true },
    { figure: 'p50Ms', title: 'p50', unit: 'ms' },
    { figure: 'p99Ms', title: 'p99', unit: 'ms' },
    { figure: 'cpuMicrosPerOperation', title: 'CPU per send', unit: 'µs' },
    { figure: 'writtenBytesPerOperation', title: 'written per send', unit: 'bytes' },
    { figure: 'peakRssAnonMib', title: 'RssAnon', unit: 'MiB' },
  ],
  thresholds: [
    timesBestPeer('256 in flight', '256', 'perSecond', { must: 10, aim: 12 }),
    timesContestant('256 in flight', '256', 'perSecond', 'bare-log', { must: 0.4, aim: 0.65 }),
    timesBestPeer('1,024 in flight', '1024', 'perSecond', { must: 5 }),
    timesContestant('16 in flight', '16', 'perSecond', 'bare-log', { must: 0.75 }),
    timesContestant('1 in flight', '1', 'perSecond', 'bare-log', { must: 0.9 }),
    timesBestPeer('1 in flight', '1', 'perSecond', { must: 0.8, aim: 1 }),
  ],
  points(size) {
    return Object.entries(MESSAGES[size]).map(([inFlight, messages]): Point => ({
      key: inFlight,
      label: `${Number(inFlight).toLocaleString('en')} in flight, ${messages.toLocaleString('en')} messages`,
      contestants: CONTESTANTS,
      parameters: { inFlight: Number(inFlight), messages },
    }))
  },
  async measure(run) {
    const { inFlight, messages } = run.point.parameters as { inFlight: number; messages: number }
    const next = burstSource({ ...CHAT, seed: SEED })
    const contestant = await run.open()
    const measured = await sustainedSends(contestant, { operations: messages, inFlight, next })
    await contestant.close()
    return measured
  },
}

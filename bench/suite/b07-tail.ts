import { closeSync, fdatasync, openSync, write } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { Histogram } from '../measure/histogram.js'
import { openLoop } from '../measure/open-loop.js'
import { ResourceMeter } from '../measure/resources.js'
import { burstSource, CHAT } from '../workload/bursts.js'
import type { Benchmark, Figures, Measured, Run, Size, Threshold } from './benchmark.js'
import { atMost } from './thresholds.js'
import { WARM_UP_SECONDS } from './warm-up.js'

const SHARE_OF_RATE = 0.7
const SECONDS: Record<Size, number> = { short: 5, full: 60 }
/** What a group of 70 or so messages is in the log. */
const SYNCED_BYTES = 12_000
const SEED = 17
/** p50 against the bare log's, and what the sync itself adds to the p99. */
const P50_TIMES_BARE_LOG = 2
const P99_MS_ABOVE_SYNC = 10
const STALL_MS = 50

async function tail(run: Run): Promise<Measured> {
  const next = burstSource({ ...CHAT, seed: SEED })
  const contestant = await run.open()
  const perSecond = run.sendsPerSecond * SHARE_OF_RATE
  const send = () => contestant.send(next())
  await openLoop({ perSecond, seconds: WARM_UP_SECONDS[run.size] }, send)
  const meter = new ResourceMeter()
  const result = await openLoop({ perSecond, seconds: SECONDS[run.size] }, send)
  const resources = meter.stop(result.operations)
  await contestant.close()
  return {
    perSecond,
    failures: result.failures,
    longestStallMs: result.longestStallMs,
    ...result.latencies.summary(),
    ...resources,
  }
}

/** The disk alone: a write and its fdatasync, over and over in a file that does not grow. */
async function bareSync(run: Run): Promise<Measured> {
  const file = openSync(join(run.directory, 'synced'), 'w', 0o600)
  const bytes = Buffer.alloc(SYNCED_BYTES, 1)
  const latencies = new Histogram()
  const end = performance.now() + SECONDS[run.size] * 1000
  while (performance.now() < end) {
    await promisify(write)(file, bytes, 0, bytes.length, 0)
    const begin = performance.now()
    await promisify(fdatasync)(file)
    latencies.record(performance.now() - begin)
  }
  closeSync(file)
  return latencies.summary()
}

function difference(
  what: string,
  must: number,
  unit: Threshold['unit'],
  value: (figures: Figures) => number | undefined,
): Threshold {
  return { what, better: 'lower', must, unit, value }
}

export const b7: Benchmark = {
  id: 'B7',
  title: 'Tail of durable sends',
  workload:
    'Chat-like sends at a fixed rate, 70 % of what the store sustained with 256 in flight, with flushes, checkpoints and ' +
    'compaction running; latency from when each send was due; the first seconds are not counted. The bare log gets the rate of Columba.',
  runs: { short: 1, full: 7 },
  columns: [
    { figure: 'perSecond', title: 'rate', unit: '/s' },
    { figure: 'p50Ms', title: 'p50', unit: 'ms', plotted: true },
    { figure: 'p99Ms', title: 'p99', unit: 'ms', plotted: true },
    { figure: 'p999Ms', title: 'p99.9', unit: 'ms' },
    { figure: 'maxMs', title: 'max', unit: 'ms' },
    { figure: 'longestStallMs', title: 'longest stall', unit: 'ms' },
  ],
  thresholds: [
    difference('p50, × the bare log', P50_TIMES_BARE_LOG, '×', (figures) => {
      const own = figures.of('tail', 'columba', 'p50Ms')
      const bare = figures.of('limit', 'bare-log', 'p50Ms')
      return own === undefined || bare === undefined ? undefined : own / bare
    }),
    difference('p99 above the p99.9 of a bare fdatasync', P99_MS_ABOVE_SYNC, 'ms', (figures) => {
      const own = figures.of('tail', 'columba', 'p99Ms')
      const sync = figures.of('sync', 'bare-log', 'p999Ms')
      return own === undefined || sync === undefined ? undefined : own - sync
    }),
    atMost('longest stall', 'tail', 'longestStallMs', 'ms', { must: STALL_MS }),
  ],
  points: () => [
    {
      key: 'tail',
      label: 'stores',
      contestants: ['columba', 'better-sqlite3'],
      parameters: {},
      rateOf: 'self',
    },
    { key: 'limit', label: 'bare log', contestants: ['bare-log'], parameters: {}, rateOf: 'columba' },
    { key: 'sync', label: 'fdatasync alone', contestants: ['bare-log'], parameters: {} },
  ],
  measure: (run) => (run.point.key === 'sync' ? bareSync(run) : tail(run)),
}

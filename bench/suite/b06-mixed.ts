import { closedLoop } from '../measure/closed-loop.js'
import { Histogram } from '../measure/histogram.js'
import { ResourceMeter } from '../measure/resources.js'
import type { Contestant } from '../peers/contestant.js'
import type { ContestantName } from '../peers/contestants.js'
import {
  type Operation,
  type OperationSource,
  traceOperations,
  zipfOperations,
} from '../workload/operations.js'
import { readTrace } from '../workload/trace.js'
import type { Benchmark, Measured, Run, Size } from './benchmark.js'
import { timesBestPeer } from './thresholds.js'

const CONTESTANTS: readonly ContestantName[] = ['columba', 'columba-256', 'better-sqlite3', 'lmdb', 'level']
/** What one writes first takes too long for as many operations as the Zipf users do. */
const TRACE_CONTESTANTS: readonly ContestantName[] = [...CONTESTANTS, 'better-sqlite3-plain']
const IN_FLIGHT = 256
const USERS = 10_000
const EXPONENT = 1
const OPERATIONS: Record<Size, number> = { short: 60_000, full: 1_000_000 }
const SEED = 16

function perform(contestant: Contestant, operation: Operation): unknown {
  if (operation.kind === 'send') return contestant.send(operation.send)
  if (operation.kind === 'list') return contestant.list(operation.user)
  return readPage(contestant, operation.user, operation.peer)
}

/** The page of a conversation whose first message is still on its way is not there to be read. */
async function readPage(contestant: Contestant, user: string, peer: string): Promise<unknown> {
  try {
    return await contestant.page(user, await contestant.conversationOf(user, peer))
  } catch {
    return []
  }
}

function load(run: Run): { next: OperationSource; operations: number } {
  if (run.point.key === 'zipf') {
    return { next: zipfOperations(SEED, USERS, EXPONENT), operations: OPERATIONS[run.size] }
  }
  const trace = readTrace(run.tracePath, SEED)
  const part = run.size === 'full' ? trace : trace.slice(0, OPERATIONS.short / 2)
  return { next: traceOperations(part), operations: part.length * 2 }
}

async function mixed(run: Run): Promise<Measured> {
  const { next, operations } = load(run)
  const contestant = await run.open()
  const latencies = new Histogram()
  const meter = new ResourceMeter()
  const busy = await closedLoop({ inFlight: IN_FLIGHT, operations, latencies }, () =>
    perform(contestant, next()),
  )
  const begin = performance.now()
  await contestant.settle()
  const seconds = busy + (performance.now() - begin) / 1000
  await contestant.close()
  return { perSecond: operations / seconds, ...latencies.summary(), ...meter.stop(operations) }
}

export const b6: Benchmark = {
  id: 'B6',
  title: 'Reads and sends mixed',
  workload:
    'One read after each send: in turn the list of the receiver and the newest page of the conversation. Zipf users with ' +
    '30 peers each, and the real trace of an online community as fast as it goes; 256 in flight, from an empty store. ' +
    'Columba’s cache may hold 64 MiB unless its name says more, SQLite’s 256; LMDB’s is the operating system’s.',
  runs: { short: 1, full: 7 },
  columns: [
    { figure: 'perSecond', title: 'operations/s', unit: '/s', plotted: true },
    { figure: 'p50Ms', title: 'p50', unit: 'ms' },
    { figure: 'p99Ms', title: 'p99', unit: 'ms' },
    { figure: 'cpuMicrosPerOperation', title: 'CPU per operation', unit: 'µs' },
  ],
  thresholds: [
    timesBestPeer('Zipf users', 'zipf', 'perSecond', { must: 4, aim: 6 }),
    timesBestPeer('real trace', 'trace', 'perSecond', { must: 4, aim: 6 }),
  ],
  points: () => [
    { key: 'zipf', label: 'Zipf users', contestants: CONTESTANTS, parameters: {} },
    { key: 'trace', label: 'real trace', contestants: TRACE_CONTESTANTS, parameters: {}, needsTrace: true },
  ],
  measure: mixed,
}

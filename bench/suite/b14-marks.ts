import { closedLoop } from '../measure/closed-loop.js'
import { Histogram } from '../measure/histogram.js'
import { ResourceMeter } from '../measure/resources.js'
import { burstSource, CHAT } from '../workload/bursts.js'
import type { Benchmark, Measured, Run, Size } from './benchmark.js'
import { sustainedSends } from './sustained-sends.js'
import { timesPoint } from './thresholds.js'

const MESSAGES: Record<Size, number> = { short: 30_000, full: 500_000 }
const IN_FLIGHT = 256
const CALLS_PER_MESSAGE = 3
const SHAPE = { ...CHAT, seed: 24 }

/** Send, then delivered, then read by the other side, each durable, by so many callers at once. */
async function marked(run: Run): Promise<Measured> {
  const { messages } = run.point.parameters as { messages: number }
  const next = burstSource(SHAPE)
  const contestant = await run.openLive()
  const latencies = new Histogram()
  const meter = new ResourceMeter()
  const busy = await closedLoop({ inFlight: IN_FLIGHT, operations: messages, latencies }, async () => {
    const { sender, receiver, ...rest } = next()
    const { seq } = await contestant.send({ sender, receiver, ...rest })
    const conversation = await contestant.conversationOf(sender, receiver)
    await contestant.markDelivered(receiver, conversation, seq)
    await contestant.markRead(receiver, conversation, seq)
  })
  const begin = performance.now()
  await contestant.settle()
  const seconds = busy + (performance.now() - begin) / 1000
  // As without marks: closing is not part of it.
  const resources = meter.stop(messages)
  await contestant.close()
  return {
    perSecond: messages / seconds,
    callsPerSecond: (messages * CALLS_PER_MESSAGE) / seconds,
    ...latencies.summary(),
    ...resources,
  }
}

async function unmarked(run: Run): Promise<Measured> {
  const { messages } = run.point.parameters as { messages: number }
  const contestant = await run.open()
  const load = { operations: messages, inFlight: IN_FLIGHT, next: burstSource(SHAPE) }
  const measured = await sustainedSends(contestant, load)
  await contestant.close()
  return { ...measured, callsPerSecond: measured['perSecond']! }
}

export const b14: Benchmark = {
  id: 'B14',
  title: 'Delivered and read marks',
  workload: 'Each message is marked as delivered and as read by its receiver, durably; 256 in flight.',
  runs: { short: 1, full: 7 },
  columns: [
    { figure: 'callsPerSecond', title: 'calls/s', unit: '/s', plotted: true },
    { figure: 'perSecond', title: 'sends/s', unit: '/s' },
    { figure: 'p99Ms', title: 'p99', unit: 'ms' },
    { figure: 'cpuMicrosPerOperation', title: 'CPU per message', unit: 'µs' },
  ],
  thresholds: [
    timesPoint('calls/s, × sends/s alone', 'marked', 'alone', 'callsPerSecond', 'higher', { must: 1 }),
    timesPoint('sends/s, × sends/s alone', 'marked', 'alone', 'perSecond', 'higher', { must: 0.6 }),
  ],
  points: (size) => [
    {
      key: 'alone',
      label: 'sends alone',
      contestants: ['columba'],
      parameters: { messages: MESSAGES[size] },
    },
    {
      key: 'marked',
      label: 'sends, delivered, read',
      contestants: ['columba'],
      parameters: { messages: MESSAGES[size] },
    },
  ],
  measure: (run) => (run.point.key === 'marked' ? marked(run) : unmarked(run)),
}

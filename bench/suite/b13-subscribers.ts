import { setTimeout as sleep } from 'node:timers/promises'
import { Histogram } from '../measure/histogram.js'
import { openLoop } from '../measure/open-loop.js'
import { burstSource, CHAT } from '../workload/bursts.js'
import { userId } from '../workload/send.js'
import type { Benchmark, Measured, Run, Size } from './benchmark.js'
import { atMost } from './thresholds.js'
import { WARM_UP_SECONDS } from './warm-up.js'

const SUBSCRIBERS = 1000
const SECONDS: Record<Size, number> = { short: 4, full: 30 }
const SEED = 23
/** What is late is counted late; what is not there after so long is counted as not delivered. */
const PATIENCE_MS = 20_000
const POLL_MS = 20

/** When a message was acknowledged and when it reached its receiver; whichever comes second closes the entry. */
class Deliveries {
  latencies = new Histogram()
  readonly #acknowledged = new Map<string, number>()
  readonly #delivered = new Map<string, number>()

  acknowledge(id: string): void {
    const now = performance.now()
    const delivered = this.#delivered.get(id)
    if (delivered === undefined) this.#acknowledged.set(id, now)
    else this.#close(id, 0) // delivered before the sender was answered
  }

  deliver(id: string): void {
    const now = performance.now()
    const acknowledged = this.#acknowledged.get(id)
    if (acknowledged === undefined) this.#delivered.set(id, now)
    else this.#close(id, now - acknowledged)
  }

  get open(): number {
    return this.#acknowledged.size
  }

  #close(id: string, ms: number): void {
    this.latencies.record(ms)
    this.#acknowledged.delete(id)
    this.#delivered.delete(id)
  }
}

async function subscribers(run: Run): Promise<Measured> {
  const contestant = await run.openLive()
  const next = burstSource({ ...CHAT, users: SUBSCRIBERS, seed: SEED })
  const deliveries = new Deliveries()
  const ending = new AbortController()
  const follow = async (user: string): Promise<void> => {
    for await (const change of contestant.subscribe(user, ending.signal)) {
      if (change.message !== undefined && change.message.sender !== user)
        deliveries.deliver(change.message.id)
    }
  }
  const following = Array.from({ length: SUBSCRIBERS }, (_, index) => follow(userId(index)))
  const perSecond = run.sendsPerSecond / 2
  const send = async (): Promise<void> => {
    const message = next()
    await contestant.send(message)
    deliveries.acknowledge(message.id)
  }
  const warmUp = await openLoop({ perSecond, seconds: WARM_UP_SECONDS[run.size] }, send)
  deliveries.latencies = new Histogram()
  const result = await openLoop({ perSecond, seconds: SECONDS[run.size] }, send)
  const deadline = performance.now() + PATIENCE_MS
  while (deliveries.open > 0 && performance.now() < deadline) await sleep(POLL_MS)
  ending.abort()
  await Promise.allSettled(following)
  await contestant.close()
  return {
    perSecond,
    undelivered: deliveries.open,
    failures: warmUp.failures + result.failures,
    ...deliveries.latencies.summary(),
  }
}

export const b13: Benchmark = {
  id: 'B13',
  title: 'Live subscribers',
  workload:
    '1,000 users subscribed in the process, sends among them at half the rate of B1; from acknowledgement to delivery; the first seconds are not counted.',
  runs: { short: 1, full: 7 },
  columns: [
    { figure: 'perSecond', title: 'sends/s', unit: '/s' },
    { figure: 'p50Ms', title: 'p50', unit: 'ms' },
    { figure: 'p99Ms', title: 'p99', unit: 'ms', plotted: true },
    { figure: 'maxMs', title: 'max', unit: 'ms' },
    { figure: 'undelivered', title: 'undelivered', unit: '' },
  ],
  thresholds: [
    atMost('p99 from acknowledgement to delivery', 'live', 'p99Ms', 'ms', { must: 1 }),
    atMost('messages not delivered', 'live', 'undelivered', '/s', { must: 0 }),
  ],
  points: () => [
    {
      key: 'live',
      label: '1,000 subscribers',
      contestants: ['columba'],
      parameters: {},
      rateOf: 'self',
    },
  ],
  measure: subscribers,
}

import { closedLoop } from '../measure/closed-loop.js'
import { Histogram } from '../measure/histogram.js'
import { ResourceMeter } from '../measure/resources.js'
import type { Contestant } from '../peers/contestant.js'
import type { Send, SendSource } from '../workload/send.js'
import type { Measured } from './benchmark.js'

export interface SustainedSends {
  readonly operations: number
  readonly inFlight: number
  readonly next: SendSource<Send>
}

/**
 * Sends with so many in flight. `perSecond` counts the time until background work has caught up, `acknowledgedPerSecond`
 * stops at the last answer.
 */
export async function sustainedSends(contestant: Contestant, load: SustainedSends): Promise<Measured> {
  const { operations, inFlight, next } = load
  const latencies = new Histogram()
  const meter = new ResourceMeter()
  const acknowledgedSeconds = await closedLoop({ inFlight, operations, latencies }, () =>
    contestant.send(next()),
  )
  const begin = performance.now()
  await contestant.settle()
  const settleSeconds = (performance.now() - begin) / 1000
  return {
    perSecond: operations / (acknowledgedSeconds + settleSeconds),
    acknowledgedPerSecond: operations / acknowledgedSeconds,
    settleSeconds,
    ...latencies.summary(),
    ...meter.stop(operations),
  }
}

import { closedLoop } from '../measure/closed-loop.js'
import { Histogram } from '../measure/histogram.js'
import { ResourceMeter } from '../measure/resources.js'
import type { Measured } from './benchmark.js'

export interface ReadLoop {
  readonly operations: number
  readonly inFlight: number
}

/** Reads with so many in flight, and how many rows they gave on average: an empty answer would be a fast one. */
export async function readLoop(
  { operations, inFlight }: ReadLoop,
  read: (index: number) => Promise<readonly unknown[]> | readonly unknown[],
): Promise<Measured> {
  const latencies = new Histogram()
  let rows = 0
  const meter = new ResourceMeter()
  const seconds = await closedLoop({ inFlight, operations, latencies }, (index) => {
    const answer = read(index)
    if (!(answer instanceof Promise)) {
      rows += answer.length
      return undefined
    }
    return answer.then((items) => {
      rows += items.length
    })
  })
  return {
    perSecond: operations / seconds,
    rowsPerRead: rows / operations,
    ...latencies.summary(),
    ...meter.stop(operations),
  }
}

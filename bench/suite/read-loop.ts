import { closedLoop } from '../measure/closed-loop.js'
import { Histogram } from '../measure/histogram.js'
import { ResourceMeter } from '../measure/resources.js'
import type { Contestant } from '../peers/contestant.js'
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

/** What `use` gives with a handle of its own. */
export async function opened<T>(
  open: () => Promise<Contestant>,
  use: (contestant: Contestant) => Promise<T>,
): Promise<T> {
  const contestant = await open()
  const result = await use(contestant)
  await contestant.close()
  return result
}

/**
 * What `measure` gives with a handle that has just been opened, the second time that it is done in this process: whoever has just
 * opened a store has read nothing yet, but a server that has run for a second has compiled its code.
 */
export async function compiledAndCold(
  open: () => Promise<Contestant>,
  measure: (contestant: Contestant) => Promise<Measured>,
): Promise<Measured> {
  await opened(open, measure)
  return opened(open, measure)
}

import type { Histogram } from './histogram.js'

export interface ClosedLoop {
  readonly inFlight: number
  readonly operations: number
  /** Times every operation; leave out where the clock itself would weigh on the result. */
  readonly latencies?: Histogram
}

/**
 * So many callers, each starting its next operation when its last one was answered. An operation that answers at once
 * (a synchronous peer) is not made to wait for a promise.
 */
export async function closedLoop(loop: ClosedLoop, operation: (index: number) => unknown): Promise<number> {
  let started = 0
  const { latencies, operations } = loop
  const caller = async (): Promise<void> => {
    while (started < operations) {
      const index = started++
      const before = latencies === undefined ? 0 : performance.now()
      const answer = operation(index)
      if (answer instanceof Promise) await answer
      latencies?.record(performance.now() - before)
    }
  }
  const begin = performance.now()
  await Promise.all(Array.from({ length: loop.inFlight }, caller))
  return (performance.now() - begin) / 1000
}

import { setImmediate as nextTurn } from 'node:timers/promises'
import { Histogram } from './histogram.js'

export interface OpenLoop {
  readonly perSecond: number
  readonly seconds: number
  /** Ends the loop early, for load that runs beside something else. */
  readonly signal?: AbortSignal
}

export interface OpenLoopResult {
  /** From the moment at which the operation was due, not from when it could be started: a stall delays all behind it. */
  readonly latencies: Histogram
  readonly operations: number
  readonly failures: number
  /** The longest time without any answer while some were awaited. */
  readonly longestStallMs: number
}

/**
 * Operations at a fixed rate whether or not earlier ones were answered. The loop looks at the clock once per turn of
 * the event loop and starts what is due: no timer is exact enough for tens of thousands per second.
 */
export async function openLoop(
  loop: OpenLoop,
  operation: (index: number) => unknown,
): Promise<OpenLoopResult> {
  const latencies = new Histogram()
  const total = Math.floor(loop.perSecond * loop.seconds)
  const intervalMs = 1000 / loop.perSecond
  const begin = performance.now()
  let started = 0
  let answered = 0
  let failures = 0
  let lastAnswer = begin
  let longestStallMs = 0
  const done = (dueAt: number): void => {
    const now = performance.now()
    latencies.record(now - dueAt)
    longestStallMs = Math.max(longestStallMs, now - lastAnswer)
    lastAnswer = now
    answered++
  }
  while (started < total && loop.signal?.aborted !== true) {
    const due = Math.min(total, Math.floor((performance.now() - begin) / intervalMs))
    while (started < due) {
      const index = started++
      const dueAt = begin + index * intervalMs
      // Nothing was awaited: the silence before this operation was no stall.
      if (answered === index) lastAnswer = Math.max(lastAnswer, dueAt)
      const answer = operation(index)
      if (answer instanceof Promise) {
        answer.then(
          () => done(dueAt),
          () => {
            failures++
            done(dueAt)
          },
        )
      } else done(dueAt)
    }
    await nextTurn()
  }
  while (answered < started) await nextTurn()
  return { latencies, operations: started, failures, longestStallMs }
}

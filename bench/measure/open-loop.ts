import { Histogram } from './histogram.js'
import { Ticker } from './ticker.js'

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

/** About as long as one sync of the disk takes. A thread that ticks so often costs 0.15 of a processor. */
const TICK_MS = 0.25

/** Operations at a fixed rate whether or not earlier ones were answered. With each tick what is due is started. */
export async function openLoop(
  loop: OpenLoop,
  operation: (index: number) => unknown,
): Promise<OpenLoopResult> {
  const latencies = new Histogram()
  const total = Math.floor(loop.perSecond * loop.seconds)
  const intervalMs = 1000 / loop.perSecond
  let begin = Infinity
  let started = 0
  let answered = 0
  let failures = 0
  let lastAnswer = 0
  let longestStallMs = 0
  let end = (): void => undefined
  const ended = new Promise<void>((resolve) => {
    end = resolve
  })
  const isOver = (): boolean => started === total || loop.signal?.aborted === true
  const done = (dueAt: number): void => {
    const now = performance.now()
    latencies.record(now - dueAt)
    longestStallMs = Math.max(longestStallMs, now - lastAnswer)
    lastAnswer = now
    answered++
    if (answered === started && isOver()) end()
  }
  const startWhatIsDue = (): void => {
    if (isOver()) {
      if (answered === started) end()
      return
    }
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
  }
  const ticker = await Ticker.start(TICK_MS, startWhatIsDue)
  begin = lastAnswer = performance.now()
  await ended
  await ticker.stop()
  return { latencies, operations: started, failures, longestStallMs }
}

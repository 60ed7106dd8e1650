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

/** What a server reads from its connections in one turn is limited as well; answers come between. */
const STARTED_AT_ONCE = 256

/**
 * Operations at a fixed rate whether or not earlier ones were answered. With each tick what is due is started, in parts
 * with a turn of the event loop between.
 */
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
  let continues = false
  let longestStallMs = 0
  let finish = (): void => undefined
  const finished = new Promise<void>((resolve) => {
    finish = resolve
  })
  const isOver = (): boolean => started === total || loop.signal?.aborted === true
  const done = (dueAt: number): void => {
    const now = performance.now()
    latencies.record(now - dueAt)
    longestStallMs = Math.max(longestStallMs, now - lastAnswer)
    lastAnswer = now
    answered++
    if (answered === started && isOver()) finish()
  }
  const startWhatIsDue = (): void => {
    if (isOver()) {
      if (answered === started) finish()
      return
    }
    const due = Math.min(total, Math.floor((performance.now() - begin) / intervalMs))
    const end = Math.min(due, started + STARTED_AT_ONCE)
    while (started < end) {
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
    if (end < due) {
      continues = true
      setImmediate(() => {
        continues = false
        startWhatIsDue()
      })
    }
  }
  const ticker = await Ticker.start(TICK_MS, () => {
    if (!continues) startWhatIsDue()
  })
  begin = lastAnswer = performance.now()
  await finished
  await ticker.stop()
  return { latencies, operations: started, failures, longestStallMs }
}

import type { Clock } from '../platform/clock.js'

/** Epoch milliseconds, perhaps with a fraction, that fit into the 48 bits with which times are written. */
export function isTime(value: unknown): value is number {
  return typeof value === 'number' && value >= 0 && value < 2 ** 48
}

/**
 * The given clock as the store may believe it: it shows whole milliseconds, and where the given one shows no time, or throws, the
 * last good one. What is in the log and in the manifest is there for good, so nothing else may get so far.
 */
export function soundClock(clock: Clock): Clock {
  let last = 0
  return {
    now() {
      try {
        const now: unknown = clock.now()
        if (isTime(now)) last = Math.floor(now)
      } catch {
        // It shows no time either.
      }
      return last
    },
    after: (ms, task, keepsAlive) => clock.after(ms, task, keepsAlive),
    yield: () => clock.yield(),
  }
}

import type { Clock } from '../../platform/clock.js'

/** The part of a clock that a backend in memory looks at. */
export type WallClock = Pick<Clock, 'now'>

/** 2026-01-01. */
const beginning = 1_767_225_600_000

/** A clock that goes on by one millisecond at each look, so that a run can be repeated. */
export function logicalClock(): WallClock {
  let now = beginning
  return {
    now() {
      now += 1
      return now
    },
  }
}

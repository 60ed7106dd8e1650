import { deepStrictEqual, ok } from 'node:assert/strict'
import { isColumbaError } from '../errors.js'
import type { ErrorCode } from '../errors.js'
import { systemClock } from '../platform/clock.js'

/** Turns of the event loop that a hint may take. */
const maxTurns = 5000

/** The call must fail with the code, by throwing or by rejecting. */
export async function failsWith(code: ErrorCode, call: () => unknown): Promise<void> {
  try {
    await call()
  } catch (error) {
    ok(isColumbaError(error), `an error of another kind came instead of ${code}: ${String(error)}`)
    deepStrictEqual(error.code, code)
    return
  }
  throw new Error(`${code} was to come, and nothing failed`)
}

export function isDeeplyFrozen(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return true
  return Object.isFrozen(value) && Object.values(value).every(isDeeplyFrozen)
}

/** Waits, for a bounded time, until something that comes soon has come. */
export async function soon(what: string, isSo: () => boolean | Promise<boolean>): Promise<void> {
  for (let turns = 0; turns < maxTurns; turns += 1) {
    if (await isSo()) return
    await systemClock.yield()
  }
  throw new Error(`in vain waited until ${what}`)
}

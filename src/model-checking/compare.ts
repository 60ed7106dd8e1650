import { Moment } from './moment.js'

/** The store said something that the model does not allow. */
export class Disagreement extends Error {
  override readonly name = 'Disagreement'
}

/**
 * Compares an answer with what the model expects. Properties that are undefined count as missing; a `Moment` in the
 * expected value accepts a time within its bounds and remembers it.
 */
export function requireEqual(actual: unknown, expected: unknown, what: string): void {
  const where = difference(actual, expected, '')
  if (where === null) return
  throw new Disagreement(
    `${what}: at ${where === '' ? 'the top' : where}\n  expected ${show(expected)}\n  actual   ${show(actual)}`,
  )
}

export function require(condition: boolean, what: string, details?: unknown): asserts condition {
  if (!condition) throw new Disagreement(details === undefined ? what : `${what}: ${show(details)}`)
}

/** Where two values differ, as a path; null if they do not. */
function difference(actual: unknown, expected: unknown, path: string): string | null {
  if (expected instanceof Moment) return expected.matches(actual) ? null : path
  if (Object.is(actual, expected)) return null
  if (typeof actual !== 'object' || typeof expected !== 'object' || actual === null || expected === null)
    return path
  if (Array.isArray(actual) !== Array.isArray(expected)) return path
  if (Array.isArray(actual) && Array.isArray(expected) && actual.length !== expected.length)
    return `${path}.length`
  const left = new Map(Object.entries(actual))
  const right = new Map(Object.entries(expected))
  for (const key of new Set([...left.keys(), ...right.keys()])) {
    const found = difference(left.get(key), right.get(key), `${path}[${JSON.stringify(key)}]`)
    if (found !== null) return found
  }
  return null
}

/** Properties that are undefined are left out, as missing ones. */
export function show(value: unknown): string {
  return JSON.stringify(value) ?? String(value)
}

/** Tries to change everything within an answer: whatever a caller does to it must not reach the store. */
export function scribble(value: unknown): void {
  if (typeof value !== 'object' || value === null) return
  for (const part of Object.values(value)) scribble(part)
  for (const key of Object.keys(value)) Reflect.set(value, key, 'scribbled')
  if (Array.isArray(value) && !Object.isFrozen(value)) value.length = 0
}

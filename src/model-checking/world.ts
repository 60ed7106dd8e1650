import type fastCheck from 'fast-check'
import type { Json } from '../model/json.js'

/** fast-check, handed in by the test: the library itself never imports it. */
export type FastCheck = typeof fastCheck

/** Ids that prefixes, separators, prototypes and paths could confuse. */
export const nastyIds: readonly string[] = [
  'a',
  'a\0',
  'a\0b',
  'ab',
  '__proto__',
  '../x',
  '👩‍👧',
  'constructor',
  'd',
  'é',
  'e\u0301',
  '\uffff',
  ' ',
  '~.x',
  '~~.x',
  // With a digit behind it, as long as an id may be.
  'z'.repeat(255),
]

export const texts: readonly string[] = [
  '',
  'hi',
  'hi ',
  '\0',
  'a longer text, as people write it',
  '😀'.repeat(40),
]

export const attributeValues: readonly (Json | undefined)[] = [
  undefined,
  undefined,
  null,
  { b: 1, a: [true, null] },
  { a: [true, null], b: 1 },
  JSON.parse('{"__proto__": {"x": 1}}') as Json,
]

/** What the commands choose from. */
export interface World {
  readonly users: readonly string[]
}

export function worldOf(count: number): World {
  if (!Number.isInteger(count) || count < 1 || count > nastyIds.length)
    throw new RangeError(`users: ${count} is no whole number from 1 to ${nastyIds.length}`)
  return { users: nastyIds.slice(0, count) }
}

/** The nth thing of a list that is not empty, wherever n points. */
export function pick<T>(things: readonly T[], n: number): T {
  const found = things[n % things.length]
  if (found === undefined && things.length === 0) throw new RangeError('nothing to pick from')
  return found as T
}

/** Leaves the properties that are undefined away: requests name only what they give. */
export function given<T extends object>(shape: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(shape).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]: Exclude<T[K], undefined>
  }
}

import { getHeapStatistics } from 'node:v8'
import { expect, test } from 'vitest'
import { parseCanonicalJson } from '../../../src/model/canonical-json.js'
import type { Json } from '../../../src/model/json.js'
import { jsonCost } from '../../../src/model/message-cost.js'
import { collectGarbage } from '../../fixtures/collect-garbage.js'

// The runner allocates as well, and V8 makes its table of keys larger when it likes.
const retry = 2

function heapOf(text: (i: number) => string): number {
  const held: Json[] = []
  collectGarbage()
  const before = getHeapStatistics().used_heap_size
  for (let i = 0; i < 200; i++) held.push(parseCanonicalJson(text(i)))
  collectGarbage()
  return (getHeapStatistics().used_heap_size - before) / held.length
}

const many = (each: (i: number) => string, length = 1000): string =>
  Array.from({ length }, (_, i) => each(i)).join(',')

test.each([
  ['small integers', `[${many(() => '1')}]`],
  ['numbers', `[${many((i) => `${i}.5`)}]`],
  ['empty arrays', `[${many(() => '[]')}]`],
  ['empty objects', `[${many(() => '{}')}]`],
  ['nested arrays', `[${many(() => '['.repeat(25) + ']'.repeat(25), 50)}]`],
  ['objects of one form', `[${many((i) => `{"height":${i},"width":1}`)}]`],
  ['objects of different forms', `[${many((i) => `{"key${i}":1}`)}]`],
  ['an object with many keys', `{${many((i) => `"key${i}":1`)}}`],
  ['strings', `[${many((i) => `"a string with a number: ${i}"`)}]`],
  ['one string', JSON.stringify('ж'.repeat(10_000))],
])('what %s take of the heap is known about', { retry }, (_, text) => {
  expectKnown(() => text)
})

test.each([
  ['keys of some length', (i: number) => `{${many((key) => `"${`${key} ${i}`.padStart(60)}":1`, 10)}}`],
  ['a long key', (i: number) => `{"${`${i}`.padStart(16_000, 'ключ')}":1}`],
])('what %s that no other object has takes of the heap is known about', { retry }, (_, text) => {
  expectKnown(text)
})

function expectKnown(text: (i: number) => string): void {
  const heap = heapOf(text)
  const cost = jsonCost(JSON.parse(text(0)) as Json)
  expect(cost).toBeGreaterThan(heap / 2.5)
  expect(cost).toBeLessThan(heap * 2.5)
}

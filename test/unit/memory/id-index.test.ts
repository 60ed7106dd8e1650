import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { IdHashes, IdIndex } from '../../../src/local/memory/id-index.js'

/** Few hashes, so that they meet, and enough of them that a table is made. */
const hash = fc.integer({ min: 0, max: 9 }).map((n) => (n % 2 === 0 ? n : 0xffffffff - n))
const steps = fc.array(
  fc.oneof(
    { weight: 30, arbitrary: fc.record({ conversation: fc.nat(3), add: hash }) },
    { weight: 1, arbitrary: fc.record({ conversation: fc.nat(3), release: fc.constant(true) }) },
  ),
  { maxLength: 500, size: 'max' },
)

test('chains of several conversations in the same columns find what lists would', () => {
  fc.assert(
    fc.property(steps, (chosen) => {
      const hashes = new IdHashes()
      const indexes = [0, 1, 2, 3].map(() => new IdIndex(hashes))
      const lists: number[][] = [[], [], [], []]
      for (const step of chosen) {
        const index = indexes[step.conversation] as IdIndex
        const list = lists[step.conversation] as number[]
        if ('add' in step) {
          index.add(step.add)
          list.push(step.add)
        } else {
          index.release()
          list.length = 0
        }
      }
      for (const [conversation, list] of lists.entries()) {
        const index = indexes[conversation] as IdIndex
        expect(index.count).toBe(list.length)
        for (const wanted of [...new Set([...list, 12345])]) {
          const seqs = list.flatMap((one, at) => (one === wanted ? [at + 1] : []))
          expect([...(index.find(wanted) ?? [])].sort((a, b) => a - b)).toEqual(seqs)
        }
      }
    }),
  )
})

test('places that were given back are used again', () => {
  const hashes = new IdHashes()
  const first = new IdIndex(hashes)
  for (let i = 0; i < 5000; i++) first.add(i)
  const before = hashes.add(1, -1)
  first.release()
  const second = new IdIndex(hashes)
  for (let i = 0; i < 5000; i++) second.add(i)
  expect(hashes.add(2, -1)).toBe(before + 1)
})

import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { IdHashes, IdIndex } from '../../../src/local/memory/id-index.js'

/** Few hashes, so that they meet, and enough of them that a table is made. */
const hash = fc.integer({ min: 0, max: 9 }).map((n) => (n % 2 === 0 ? n : 0xffffffff - n))
const steps = fc.array(
  fc.oneof(
    { weight: 30, arbitrary: fc.record({ conversation: fc.nat(3), add: hash, begins: fc.boolean() }) },
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
          index.add(step.add, step.begins)
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

test('blocks that were given back are used again', () => {
  const hashes = new IdHashes()
  const first = new IdIndex(hashes)
  for (let i = 0; i < 5000; i++) first.add(i, false)
  const before = hashes.addBlock(-1)
  first.release()
  const second = new IdIndex(hashes)
  for (let i = 0; i < 5000; i++) second.add(i, false)
  expect(hashes.addBlock(-1)).toBe(before + 1)
})

test('a run may end before each later beginning of one, or with the last message', () => {
  const hashes = new IdHashes()
  const [index, other] = [new IdIndex(hashes), new IdIndex(hashes)]
  for (let seq = 1; seq <= 60; seq++) {
    index.add(0xffffffff - seq, seq % 10 === 1)
    other.add(seq, true)
  }
  expect(index.runEnds(25)).toEqual([30, 40, 50, 60])
  expect(index.runEnds(30)).toEqual([30, 40, 50, 60])
  expect(index.runEnds(60)).toEqual([60])
  index.joinRun(21, 50)
  expect(index.runEnds(25)).toEqual([50, 60])
  expect(index.runEnds(15)).toEqual([20, 50, 60])
  expect(index.runEnds(5)).toEqual([10, 20, 50, 60])
  expect(index.find(0xffffffff - 25)).toEqual([25])
  expect(other.runEnds(58)).toEqual([58, 59, 60])
})

test('nobody walks far for the end of a run', () => {
  const index = new IdIndex(new IdHashes())
  for (let seq = 1; seq <= 1000; seq++) index.add(seq, seq % 10 === 1)
  expect(index.runEnds(10)).toEqual([])
  expect(index.runEnds(995)).toEqual([1000])
})

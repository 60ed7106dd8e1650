import * as fc from 'fast-check'
import { expect, test, vi } from 'vitest'
import { IdHashes, IdIndex } from '../../../src/local/memory/id-index.js'

/** Few hashes, so that they meet, and enough of them that a filter is made. */
const hash = fc.integer({ min: 0, max: 9 }).map((n) => (n % 2 === 0 ? n : 0xffffffff - n))
const steps = fc.array(
  fc.oneof(
    { weight: 30, arbitrary: fc.record({ conversation: fc.nat(3), add: hash, begins: fc.boolean() }) },
    { weight: 1, arbitrary: fc.record({ conversation: fc.nat(3), release: fc.constant(true) }) },
  ),
  { maxLength: 500, size: 'max' },
)

function allOf(index: IdIndex, wanted: number): number[] {
  const seqs: number[] = []
  for (let seq = index.find(wanted); seq > 0; seq = index.find(wanted, seq)) seqs.push(seq)
  return seqs
}

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
          expect(allOf(index, wanted)).toEqual(seqs.reverse())
        }
      }
    }),
  )
})

test('an index that was put away and brought back forgets nothing, and hardly ever takes a new key for an old one', () => {
  const sizes = fc.array(fc.nat(150), { minLength: 1, maxLength: 6 })
  fc.assert(
    fc.property(sizes, fc.nat(100), fc.integer(), (times, exactUpTo, seed) => {
      const hashes = new IdHashes()
      const random = (n: number): number => Math.imul(n ^ seed, 0x9e3779b1) >>> 0
      let index = new IdIndex(hashes)
      let count = 0
      let strangers = 0
      for (const more of times) {
        for (let i = 0; i < more; i++) index.add(random(++count), true)
        expect(index.count).toBe(count)
        for (let seq = 1; seq <= count; seq++) {
          const found = allOf(index, random(seq))
          expect(found.includes(seq) || index.isUnsure(random(seq))).toBe(true)
          for (const each of found) expect(random(each)).toBe(random(seq))
        }
        for (let n = 1; n <= 100; n++) if (index.isUnsure(random(-n))) strangers++
        const known = index.toSummary(exactUpTo)
        index.release()
        // What it did not keep is read anew.
        if (known === null) {
          index = new IdIndex(hashes)
          for (let seq = 1; seq <= count; seq++) index.add(random(seq), true)
        } else index = new IdIndex(hashes, known)
        expect(index.before).toBe(known === null || count <= exactUpTo ? 0 : count)
      }
      expect(strangers).toBeLessThanOrEqual(20)
      index.release()
      expect(hashes.addBlock(-1)).toBeLessThan(150)
    }),
  )
})

test('an index that knows all takes over what has come since, with its runs', () => {
  const hashes = new IdHashes()
  const first = new IdIndex(hashes)
  for (let seq = 1; seq <= 60; seq++) first.add(seq, false)
  const restored = new IdIndex(hashes, first.toSummary(0))
  for (let seq = 61; seq <= 80; seq++) restored.add(seq, seq % 10 === 1)
  const whole = new IdIndex(hashes)
  for (let seq = 1; seq <= 60; seq++) whole.add(seq, false)
  restored.copyChain(whole)
  expect([whole.count, whole.find(5), whole.find(75)]).toEqual([80, 5, 75])
  expect(whole.runEnds(62)).toEqual([70, 80])
})

test('where runs begin is known of the messages since it came back only', () => {
  const hashes = new IdHashes()
  const first = new IdIndex(hashes)
  for (let seq = 1; seq <= 30; seq++) first.add(seq, seq % 10 === 1)
  const index = new IdIndex(hashes, first.toSummary(48))
  for (let seq = 31; seq <= 50; seq++) index.add(seq, seq % 10 === 1)
  expect(index.runEnds(25)).toEqual([])
  expect(index.runEnds(35)).toEqual([40, 50])
  expect(index.find(7)).toBe(7)
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
  expect(index.find(0xffffffff - 25)).toBe(25)
  expect(other.runEnds(58)).toEqual([58, 59, 60])
})

test('nobody walks far for the end of a run', () => {
  const index = new IdIndex(new IdHashes())
  for (let seq = 1; seq <= 1000; seq++) index.add(seq, seq % 10 === 1)
  expect(index.runEnds(10)).toEqual([])
  expect(index.runEnds(995)).toEqual([1000])
})

test('chains begin elsewhere long before there are more blocks than a word can name', () => {
  const hashes = new IdHashes(8)
  const index = new IdIndex(hashes)
  for (let seq = 1; seq <= 21; seq++) index.add(seq, false)
  expect(hashes.isFull).toBe(false)
  index.add(22, false)
  expect(hashes.isFull).toBe(true)
  for (let seq = 23; seq <= 56; seq++) index.add(seq, false)
  expect(() => index.add(57, false)).toThrow(RangeError)
  expect([index.count, index.find(1), index.find(56)]).toEqual([56, 1, 56])
  index.release()
  expect(hashes.isFull).toBe(false)
})

test('a hash for which there is no memory, in its chain or for a filter, changes nothing, and can be added then', () => {
  const hashes = new IdHashes()
  const [last, stranger, long] = [0, 1, 2].map(() => new IdIndex(hashes)) as [IdIndex, IdIndex, IdIndex]
  for (let n = 0; n < 112; n++) long.add(n, true)
  // All blocks that there are.
  for (let n = 0; n < (1024 - 16) * 7; n++) last.add(n, true)
  const refuse = (): never => {
    throw new RangeError('Array buffer allocation failed')
  }
  for (const memory of ['Int32Array', 'Uint8Array'] as const) {
    vi.stubGlobal(memory, new Proxy({ Int32Array, Uint8Array }[memory], { construct: refuse }))
    const lacking = memory === 'Int32Array' ? stranger : long
    const before = lacking.count
    try {
      for (let tries = 0; tries < 2; tries++) expect(() => lacking.add(before, true)).toThrow(RangeError)
    } finally {
      vi.unstubAllGlobals()
    }
    expect(lacking.count).toBe(before)
    expect(lacking.find(before)).toBe(0)
    for (let n = before; n < before + 300; n++) lacking.add(n, true)
    for (let n = 0; n < before + 300; n++) expect(lacking.find(n)).toBe(n + 1)
  }
})

test('where old messages are repeated, the others are found without a walk over all that came since', () => {
  const hashes = new IdHashes()
  const index = new IdIndex(hashes)
  const other = new IdIndex(hashes)
  const count = 12_000
  // Each of the last hundred is a second one with a hash from before.
  const hashOf = (seq: number): number =>
    Math.imul(seq > count - 100 ? 40 * (seq - count + 100) : seq, 0x9e3779b1) >>> 0
  for (let seq = 1; seq <= count; seq++) {
    index.add(hashOf(seq), false)
    if (seq % 3 === 0) other.add(hashOf(seq), false)
  }
  const { bytes } = index
  const walks = vi.spyOn(hashes, 'findBack')
  const walked = (find: () => void): number => {
    walks.mockClear()
    find()
    return walks.mock.calls.reduce((sum, [, last, end]) => sum + last - end, 0)
  }
  const repeats = (from: number): number =>
    walked(() => {
      for (let seq = from; seq < from + 30; seq++) {
        if (seq % 40 === 0) continue
        expect(index.find(hashOf(seq))).toBe(seq)
        index.repeated(seq)
      }
    })
  expect(repeats(count - 150)).toBeLessThan(30 * 2000)
  expect(index.bytes).toBe(bytes)
  repeats(1)
  expect(repeats(101)).toBeLessThan(30 * 4000)
  expect(index.bytes - bytes).toBeLessThan(1.4 * count)
  for (let seq = 40; seq <= 4000; seq += 40)
    expect(allOf(index, hashOf(seq))).toEqual([count - 100 + seq / 40, seq])
  expect(walked(() => expect(index.find(12345)).toBe(0))).toBeLessThan(4000)
  index.release()
  expect(index.bytes).toBe(new IdIndex(hashes).bytes)
  for (let seq = 1; seq <= count; seq++) other.add(hashOf(seq + 100), false)
  expect(other.find(hashOf(4001))).toBe(4000 + 3901)
})

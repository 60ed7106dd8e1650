import { expect, test } from 'vitest'
import { numberedRange, userPrefix } from '../../../src/formats/keys.js'
import { rows } from '../../../src/formats/rows.js'
import { RowReader } from '../../../src/local/reads/row-reader.js'
import type { Shard, ShardRange, ShardRow } from '../../../src/local/shards/shard.js'

const run = (firstSeq: number, lastSeq: number): Buffer =>
  rows.run.encode({
    file: 1,
    offset: 36,
    length: 100,
    firstSeq,
    count: lastSeq - firstSeq + 1,
    firstPosition: firstSeq,
    lastPosition: lastSeq,
    hashes: [],
  })

/** A shard whose ranges are answered one after the other. */
function readerOf(answers: readonly (readonly Buffer[])[]): { reader: RowReader; asked: ShardRange[] } {
  const asked: ShardRange[] = []
  const shard = {
    rows: (range: ShardRange): Promise<ShardRow[]> => {
      const found = answers[asked.push(range) - 1] ?? []
      return Promise.resolve(found.map((value) => [Buffer.alloc(0), value] as const))
    },
  }
  return { reader: new RowReader(() => shard as unknown as Shard), asked }
}

const owner = { kind: 'user', id: 'ada' } as const

test('runs are read from the one that has the message downwards', async () => {
  const { reader, asked } = readerOf([[run(5, 8)], [run(3, 4), run(1, 2)]])
  const found = await reader.runs(owner, 'c', 6, 10)
  expect(found.map(({ firstSeq }) => firstSeq)).toEqual([5, 3, 1])
  const prefix = userPrefix('ada')
  expect(asked).toEqual([
    numberedRange(prefix, 'runs', 'c', 6),
    { ...numberedRange(prefix, 'runs', 'c', 0, 5), reverse: true },
  ])
})

test('what the tidy joins to the newest run after that was read is a gap, behind which nothing is taken', async () => {
  const { reader } = readerOf([[run(5, 6)], [run(1, 2)]])
  const found = await reader.runs(owner, 'c', 6, 10)
  expect(found.map(({ firstSeq }) => firstSeq)).toEqual([5])
})

test('a run that begins above the message is none of those that are asked for', async () => {
  const { reader } = readerOf([[run(7, 8)]])
  expect(await reader.runs(owner, 'c', 6, 10)).toEqual([])
})

test('the newest runs are read with one range', async () => {
  const { reader, asked } = readerOf([[run(5, 8), run(3, 4), run(1, 1)]])
  const found = await reader.runs(owner, 'c', 8, 3, true)
  expect(found.map(({ firstSeq }) => firstSeq)).toEqual([5, 3])
  expect(asked).toEqual([{ ...numberedRange(userPrefix('ada'), 'runs', 'c', 0), reverse: true }])
})

test('where something above has been stored since, they are looked for', async () => {
  const { reader, asked } = readerOf([[run(9, 9), run(5, 8)], [run(5, 8)], [run(1, 4)]])
  const found = await reader.runs(owner, 'c', 8, 2, true)
  expect(found.map(({ firstSeq }) => firstSeq)).toEqual([5, 1])
  expect(asked).toHaveLength(3)
})

test('a message behind the newest run is in none', async () => {
  const { reader } = readerOf([[run(5, 6), run(1, 4)]])
  expect(await reader.runs(owner, 'c', 8, 2, true)).toEqual([])
})

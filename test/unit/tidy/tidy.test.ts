import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { BlockWriter, readBlock } from '../../../src/formats/block.js'
import { bodyFileOf, bodyHeaderBytes, cutOf, levelOf } from '../../../src/formats/body-file.js'
import { BlockStream, type BodySource } from '../../../src/local/tidy/block-stream.js'
import { mergedBlocks } from '../../../src/local/tidy/merged-blocks.js'
import { runSwap } from '../../../src/local/tidy/run-swap.js'
import {
  beside,
  mergeOf,
  possibleMerges,
  unfinishedMerge,
  type Merge,
} from '../../../src/local/tidy/tidy-plan.js'
import { apply, fold, meaning, type Rows, type RowWrite } from '../fold/folded.js'
import { Scribe, type Deed } from '../fold/scribe.js'

const hashSeed = 77
const shardOf = (id: string): number => id.length % 3

/** Body files in memory, without their headers. */
type Files = Map<number, Buffer>

function sourceOf(files: Files): BodySource {
  const bytesOf = (file: number): Buffer => files.get(file) as Buffer
  return {
    size: (file) => Promise.resolve(bodyHeaderBytes + bytesOf(file).length),
    read: (file, offset, length) => {
      const start = offset - bodyHeaderBytes
      return Promise.resolve(bytesOf(file).subarray(start, start + length))
    },
  }
}

async function merge(files: Files, { inputs, output }: Merge): Promise<void> {
  const streams: BlockStream[] = []
  for (const file of inputs) streams.push(await BlockStream.open(sourceOf(files), file))
  const blocks: Buffer[] = []
  for await (const block of mergedBlocks(streams)) blocks.push(block)
  files.set(output, Buffer.concat(blocks))
}

/** What the shards get of a merged file; a list of writes is one batch. */
async function swapsOf(files: Files, output: number): Promise<RowWrite[][]> {
  const stream = await BlockStream.open(sourceOf(files), output)
  const batches: RowWrite[][] = []
  for (; stream.peek !== null; await stream.next()) {
    const place = { file: output, offset: stream.offset, hashSeed }
    const { id, key, value, gone } = await stream.use((block) => runSwap(block, place))
    const shard = shardOf(id)
    batches.push([
      { shard, key: key.toString('hex'), value: value.toString('hex') },
      ...gone.map((one) => ({ shard, key: one.toString('hex'), value: null })),
    ])
  }
  return batches
}

const whats: readonly Deed['what'][] = [
  'direct',
  'direct',
  'direct',
  'message',
  'message',
  'create',
  'join',
  'marks',
]
const deeds: fc.Arbitrary<Deed[]> = fc.array(
  fc.record({ what: fc.constantFrom(...whats), who: fc.nat(3), whom: fc.nat(3), size: fc.nat(20) }),
  { minLength: 5, maxLength: 80 },
)
const cuts = fc.uniqueArray(fc.nat(60), { minLength: 3, maxLength: 20 }).map((all) => new Set(all))

/** The rows and files of a store that was flushed so. */
function flushed(
  all: readonly Deed[],
  after: ReadonlySet<number>,
): { state: Rows; files: Files; last: number } {
  const generations = Scribe.write(all, after).map(fold)
  const state = generations.reduce((rows, { writes }) => apply(rows, writes), new Map<string, string>())
  const files = new Map(
    generations.filter(({ blocks }) => blocks.length > 0).map(({ file, blocks }) => [file, blocks]),
  )
  return { state, files, last: generations.at(-1)?.file ?? 0 }
}

function pointedTo(state: Rows, files: Files): Set<number> {
  const used = new Set<number>()
  const watched = new Map<number, Buffer>(files)
  watched.get = (file) => {
    used.add(file)
    return files.get(file)
  }
  meaning(state, watched)
  return used
}

describe('merging', () => {
  test('however often files are merged, the rows say the same; after each merge nothing points to what went into it', async () => {
    await fc.assert(
      fc.asyncProperty(deeds, cuts, fc.integer({ min: 2, max: 4 }), async (all, after, enough) => {
        const { state, files, last } = flushed(all, after)
        const said = meaning(state, files)
        for (;;) {
          const [inputs] = possibleMerges([...files.keys()], last, enough)
          if (inputs === undefined) break
          const one = mergeOf(inputs)
          await merge(files, one)
          expect(unfinishedMerge([...files.keys()])).toEqual(one)
          for (const batch of await swapsOf(files, one.output)) apply(state, batch)
          for (const file of inputs) files.delete(file)
          expect(unfinishedMerge([...files.keys()])).toBeNull()
          expect(meaning(state, files)).toEqual(said)
        }
        expect(pointedTo(state, files)).toEqual(new Set(files.keys()))
        const levels = [...files.keys()].sort((a, b) => cutOf(a) - cutOf(b)).map(levelOf)
        expect(levels).toEqual(levels.toSorted((a, b) => b - a))
      }),
      { numRuns: 150 },
    )
  })

  test('after a part of the swaps, in any order, the rows say the same; all of them once more change nothing', async () => {
    await fc.assert(
      fc.asyncProperty(deeds, cuts, fc.infiniteStream(fc.boolean()), async (all, after, done) => {
        const { state, files, last } = flushed(all, after)
        const [inputs] = possibleMerges([...files.keys()], last, 2)
        if (inputs === undefined) return
        const said = meaning(state, files)
        const { output } = mergeOf(inputs)
        await merge(files, { inputs, output })
        const batches = await swapsOf(files, output)
        for (const batch of batches.filter(() => done.next().value === true)) {
          apply(state, batch)
          expect(meaning(state, files)).toEqual(said)
        }
        for (const batch of batches) apply(state, batch)
        const swapped = new Map(state)
        for (const batch of batches) apply(state, batch)
        expect(state).toEqual(swapped)
        expect(meaning(state, files)).toEqual(said)
      }),
      { numRuns: 150 },
    )
  })

  test('whichever file cannot be read: no merge beside it makes it look like one that has been merged', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 40 }), fc.nat(), fc.nat(), (count, bad, merges) => {
        let files = Array.from({ length: count }, (_, i) => i + 1)
        const damaged = new Set<number>()
        for (let done = 0; ; done++) {
          if (done === merges % 20) damaged.add(files[bad % files.length] as number)
          const [inputs] = possibleMerges(beside(damaged, files), count, 2)
          if (inputs === undefined && damaged.size > 0) break
          if (inputs === undefined) continue
          files = [...files.filter((file) => !inputs.includes(file)), mergeOf(inputs).output]
          expect(unfinishedMerge(files)).toBeNull()
        }
        for (const file of damaged) expect(files).toContain(file)
      }),
    )
  })

  test('blocks are joined to a few dozen messages or some tens of KiB, and no further', async () => {
    const writer = new BlockWriter()
    const block = (conversation: string, firstSeq: number, count: number, bytes: number): Buffer => {
      for (let i = 0; i < count; i++) writer.add(firstSeq + i, 1, 0, Buffer.alloc(bytes), 0, bytes)
      return writer.finish(conversation, firstSeq, firstSeq - 1, ['a', 'b'])
    }
    const files: Files = new Map()
    for (let file = 0; file < 40; file++) {
      files.set(
        file + 1,
        Buffer.concat([
          block('group huge', 1 + file * 2, 2, 50_000),
          block('group long', 1 + file * 300, 300, 10),
          block('group short', 1 + file * 5, 5, 10),
          block('group wide', 1 + file * 2, 2, 3000),
        ]),
      )
    }
    const inputs = [...files.keys()]
    await merge(files, { inputs, output: 99 })
    const counts = new Map<string, number[]>()
    const stream = await BlockStream.open(sourceOf(files), 99)
    for (; stream.peek !== null; await stream.next()) {
      const { head } = await stream.use(readBlock)
      counts.set(head.conversation, [...(counts.get(head.conversation) ?? []), head.count])
    }
    expect([...counts.keys()]).toEqual(['group huge', 'group long', 'group short', 'group wide'])
    expect(counts.get('group huge')).toEqual(inputs.map(() => 2))
    expect(counts.get('group long')).toEqual(inputs.map(() => 300))
    expect(counts.get('group short')).toEqual([50, 50, 50, 50])
    expect(counts.get('group wide')?.every((count) => count >= 8 && count <= 22)).toBe(true)
  })

  test('damage is refused, not copied', async () => {
    const { files } = flushed(
      Array.from({ length: 30 }, () => ({ what: 'direct', who: 0, whom: 1, size: 3 }) as const),
      new Set([10, 20]),
    )
    const inputs = [...files.keys()].sort((a, b) => a - b)
    const bytes = files.get(inputs[1] as number) as Buffer
    for (let at = 0; at < bytes.length; at++) {
      bytes[at]! ^= 0x10
      await expect(merge(new Map(files), mergeOf(inputs))).rejects.toMatchObject({
        code: 'CORRUPT',
      })
      bytes[at]! ^= 0x10
    }
  })
})

describe('what is merged next', () => {
  test('nothing above the checkpoint', () => {
    expect(possibleMerges([10, 20, 30, 40], 30, 3)).toEqual([[10, 20, 30]])
    expect(possibleMerges([10, 20, 30, 40], 29, 3)).toEqual([])
  })

  test('the lowest level first, up to twice as many', () => {
    const one = (cut: number): number => bodyFileOf(1, cut)
    expect(possibleMerges([one(10), 30, one(20), 40, 50, 60, 70], 99, 2)).toEqual([
      [30, 40, 50, 60],
      [one(10), one(20)],
    ])
  })

  test('what a crash left is told by levels: a file is in doubt if a higher one covers it', () => {
    const two = bodyFileOf(2, 40)
    expect(unfinishedMerge([two, 50, 60])).toBeNull()
    expect(unfinishedMerge([60, 30, two, bodyFileOf(1, 20), 50])).toEqual({
      inputs: [bodyFileOf(1, 20), 30],
      output: two,
    })
  })
})

import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { BlockWriter } from '../../../src/formats/block.js'
import { encodeBodyHeader } from '../../../src/formats/body-file.js'
import { salvageBlocks, type BlockPlace } from '../../../src/local/repair/body-salvage.js'
import { SalvagedFile } from '../../../src/local/repair/salvaged-file.js'
import type { FileSystem } from '../../../src/platform/file-system.js'
import { nodeFileSystem } from '../../../src/platform/node-file-system.js'
import { temporaryDirectory } from '../../fixtures/temporary-directory.js'

const MiB = 1024 * 1024
const header = encodeBodyHeader(Buffer.alloc(16, 7), 1)

/** A block that is so many bytes long in all. */
function blockOf(firstSeq: number, bytes: number): Buffer {
  const writer = new BlockWriter()
  const ofBody = (size: number): Buffer => {
    writer.add(firstSeq, 1, 0, Buffer.alloc(size, 0x61), 0, size)
    return writer.finish(null, firstSeq, 0, ['ann', 'ben'])
  }
  const rough = ofBody(bytes - 40)
  return ofBody(bytes - 40 + (bytes - rough.length))
}

async function* inOrder(places: readonly BlockPlace[]): AsyncGenerator<BlockPlace> {
  yield* places
}

/** What is found in a file of these pieces, in words: first seqs, and offset and length of damage. */
async function found(
  pieces: readonly Buffer[],
  places: readonly BlockPlace[] = [],
  cut = Infinity,
): Promise<string[]> {
  const path = join(await temporaryDirectory(), 'bodies')
  await writeFile(path, Buffer.concat([header, ...pieces]))
  const file = await SalvagedFile.open(nodeFileSystem, path)
  const words: string[] = []
  try {
    for await (const one of salvageBlocks(file, { cut, places: inOrder(places) }))
      words.push(
        'head' in one
          ? `${one.isInPlace ? 'block' : 'perhaps'} ${one.head.firstSeq}`
          : `damage ${one.offset} ${one.length}`,
      )
  } finally {
    await file.close()
  }
  return words
}

test('blocks are found wherever they lie, also those that are longer than what is looked at at once', async () => {
  const sizes = [100, 4 * MiB - 300, 300, 5 * MiB, 256, 9 * MiB, 65_536, 100]
  const blocks = sizes.map((bytes, index) => blockOf(index + 1, bytes))
  expect(blocks.map(({ length }) => length)).toEqual(sizes)
  expect(await found(blocks)).toEqual(sizes.map((_, index) => `block ${index + 1}`))
})

test.each([1, 3, 4, 511, 4096, 4 * MiB - 36, 4 * MiB + 1, 9 * MiB])(
  'behind %d zeroes the next block is found, also one whose length begins with zeroes',
  async (count) => {
    for (const size of [100, 256, 65_536])
      expect(await found([blockOf(1, 100), Buffer.alloc(count), blockOf(2, size)])).toEqual([
        'block 1',
        `damage 136 ${count}`,
        'perhaps 2',
      ])
  },
)

test('what looks like the beginning of a block costs nothing but itself', async () => {
  const cut = blockOf(1, 5 * MiB).subarray(0, 1000)
  expect(await found([cut, blockOf(2, 100)])).toEqual(['damage 36 1000', 'perhaps 2'])
  expect(await found([blockOf(2, 100), cut])).toEqual(['block 2', 'damage 136 1000'])
})

describe('what stands in a text is not looked at', () => {
  /** Longer than the text that is planted in it; `at` is damaged, 0 is in its length. */
  const damaged = (at: number, text: Buffer): Buffer => {
    const block = blockOf(1, 400)
    text.copy(block, 200)
    block[at] = (block[at] as number) ^ 1
    return block
  }
  const text = blockOf(9, 60)
  const behind = blockOf(2, 100)

  test('while the length of the damaged block leads somewhere', async () => {
    expect(await found([damaged(60, text), behind])).toEqual(['damage 36 400', 'block 2'])
    expect(await found([behind, damaged(60, text)])).toEqual(['block 2', 'damage 136 400'])
    expect(await found([damaged(60, text), damaged(70, text), behind])).toEqual(['damage 36 800', 'block 2'])
    const next = { offset: 436, length: 400 }
    expect(await found([damaged(60, text), damaged(0, text), behind], [next])).toEqual([
      'damage 36 400',
      'damage 436 400',
      'block 2',
    ])
  })

  test('nor where that is damaged, while a row says it', async () => {
    const place = { offset: 36, length: 400 }
    expect(await found([damaged(0, text), behind], [place])).toEqual(['damage 36 400', 'block 2'])
    expect(await found([damaged(1, text), Buffer.alloc(64)], [place])).toEqual([
      'damage 36 400',
      'damage 436 64',
    ])
  })

  test('nor where that leads into a text, while a row says it, whatever the next one says', async () => {
    const places = [36, 436].map((offset) => ({ offset, length: 400 }))
    const intoText = damaged(60, text)
    intoText.writeUInt32LE(200, 0)
    for (const next of [damaged(3, text), intoText])
      expect(await found([intoText, next, behind], places)).toEqual([
        'damage 36 400',
        'damage 436 400',
        'block 2',
      ])
  })

  test.each([0, 8])('a row with %d bytes says nothing of where a block ends', async (length) => {
    const place = { offset: 36, length }
    expect(await found([damaged(60, text), behind], [place])).toEqual(['damage 36 400', 'block 2'])
    expect(await found([damaged(0, text), behind], [place])).toContain('perhaps 9')
  })

  test('what is found where nothing says it is not in its place, up to what a row names', async () => {
    const long = blockOf(8, 300)
    const [bad, place] = [damaged(0, text), { offset: 436, length: 100 }]
    expect(await found([bad, behind, behind])).toEqual([
      'damage 36 200',
      'perhaps 9',
      'damage 296 140',
      'perhaps 2',
      'perhaps 2',
    ])
    expect(await found([bad, behind, behind], [place])).toEqual([
      'damage 36 200',
      'perhaps 9',
      'damage 296 140',
      'block 2',
      'block 2',
    ])
    // One that would reach beyond the end of the block that it stands in.
    const reaching = Buffer.concat([bad.subarray(0, 200), long, behind])
    const inside = { offset: 336, length: 200 }
    expect(await found([reaching], [inside])).not.toContain('perhaps 8')
  })
})

test('a block with positions that its file cannot have is none, nor is one with more messages than positions', async () => {
  expect(await found([blockOf(7, 100)], [], 7)).toEqual(['block 7'])
  expect(await found([blockOf(7, 100)], [], 6)).toEqual(['damage 36 100'])
  const writer = new BlockWriter()
  writer.add(6, 1, 0, Buffer.alloc(9), 0, 9)
  const block = writer.finish(null, 7, 0, ['ann', 'ben'])
  expect(await found([block])).toEqual([`damage 36 ${block.length}`])
})

test.each<[string, (writer: BlockWriter) => Buffer]>([
  ['a time', (writer) => writer.finish(null, 1, 0, ['ann', 'ben'])],
  ['a sender', (writer) => writer.finish('group', 1, 0, ['ann', ''])],
  ['a participant', (writer) => writer.finish(null, 1, 0, [''])],
  ['a long sender', (writer) => writer.finish('group', 1, 0, ['a'.repeat(257)])],
  ['a group', (writer) => writer.finish('g'.repeat(257), 1, 0, ['ann'])],
])('a block with %s for which no record has room is none', async (what, finish) => {
  const writer = new BlockWriter()
  writer.add(6, what === 'a time' ? 2 ** 48 : 1, 0, Buffer.alloc(9), 0, 9)
  const block = finish(writer)
  expect(await found([block])).toEqual([`damage 36 ${block.length}`])
})

test('zeroes are looked at faster than a disk reads them', async () => {
  const began = performance.now()
  expect(await found([Buffer.alloc(64 * MiB)])).toHaveLength(1)
  // It took minutes when each of them was tried as the beginning of a block.
  expect(performance.now() - began).toBeLessThan(10_000)
})

test('a damaged block of many short messages does not have the file read for each of them', async () => {
  // Letters with small numbers between them, as ids, times and texts lie in a block.
  const damaged = Buffer.alloc(64 * 1024)
  let state = 7
  for (let i = 0; i < damaged.length; i++) {
    state = (state * 1103515245 + 12345) % 2 ** 31
    damaged[i] = i % 12 < 4 ? state % 8 : 0x61 + (state % 26)
  }
  const path = join(await temporaryDirectory(), 'bodies')
  const whole = Array.from({ length: 16 }, (_, i) => blockOf(i + 1, 2 * MiB))
  await writeFile(path, Buffer.concat([header, damaged, ...whole]))
  let read = 0
  const fileSystem: FileSystem = {
    ...nodeFileSystem,
    open: async (name, mode) => {
      const handle = await nodeFileSystem.open(name, mode)
      const one = handle.read.bind(handle)
      handle.read = (into, offset) => {
        read += into.byteLength
        return one(into, offset)
      }
      return handle
    },
  }
  const file = await SalvagedFile.open(fileSystem, path)
  const seen: unknown[] = []
  for await (const one of salvageBlocks(file, { cut: Infinity, places: inOrder([]) }))
    seen.push('head' in one ? one.head.firstSeq : one.length)
  await file.close()
  expect(seen).toEqual([damaged.length, ...whole.map((_, i) => i + 1)])
  expect(read).toBeLessThan(1024 * MiB)
})

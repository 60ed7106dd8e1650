import { join } from 'node:path'
import { expect, test } from 'vitest'
import { ColumbaError } from '../../src/errors.js'
import { nextSegmentName, segmentName } from '../../src/formats/segment.js'
import { openClassicLevel } from '../../src/local/shards/classic-level-opener.js'
import type { ShardOpener } from '../../src/local/shards/shard-database.js'
import type { FileSystem } from '../../src/platform/file-system.js'
import { nodeFileSystem } from '../../src/platform/node-file-system.js'
import { copyOfKilled } from '../fixtures/copy-of-killed.js'
import { interferedFileSystem } from '../fixtures/failing-file-system.js'
import { openLocalStore } from '../fixtures/local-store.js'
import { temporaryDirectory } from '../fixtures/temporary-directory.js'

// No store is open behind an opening that failed: what stopped its recovery is what whoever asked for it can do something about.

/** A store that was killed with so many generations, and a rest, in its log. */
async function killed(generations: number): Promise<string> {
  const tuning = { generationBytes: 4096, checkpointBytes: 1 << 30, tidyFiles: Infinity }
  const location = await temporaryDirectory()
  const store = await openLocalStore(location, { local: { tuning } })
  for (let n = 0; n < 4 * generations; n++)
    await store.sendMessage({ sender: 'ann', receiver: 'ben', text: 'x'.repeat(n % 4 === 3 ? 1500 : 1000) })
  await store.sendMessage({ sender: 'ann', receiver: 'ben', text: 'the rest' })
  return copyOfKilled(location)
}

/** Shards that write nothing, and say why. */
const refusing =
  (code: string, message: string): ShardOpener =>
  async (directory, options) => {
    const database = await openClassicLevel(directory, options)
    const batch = database.batch.bind(database)
    const write = (): Promise<void> => Promise.reject(Object.assign(new Error(message), { code }))
    return Object.assign(database, { batch: () => Object.assign(batch(), { write }) })
  }

test.each([0, 1, 2, 3, 5])(
  'a damaged table of a shard is CORRUPT to whoever opens, also with %d generations in the log',
  async (generations) => {
    const opener = refusing('LEVEL_CORRUPTION', 'Corruption: block checksum mismatch')
    await expect(openLocalStore(await killed(generations), { local: { opener } })).rejects.toMatchObject({
      code: 'CORRUPT',
      cause: { code: 'LEVEL_CORRUPTION' },
    })
  },
)

const noRoom = (): Error =>
  Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC', syscall: 'write' })

/** A disk that has no room for files with such a name. */
const fullFor = (name: string): FileSystem =>
  interferedFileSystem(nodeFileSystem, {
    before: (operation, path) => {
      if (operation === 'write' && path.includes(name)) throw noRoom()
    },
  })

test.each([0, 1, 2, 3, 5])(
  'a disk without room for a recovery of %d generations is NO_SPACE',
  async (generations) => {
    const location = await killed(generations)
    const full = { code: 'NO_SPACE' }
    const opener = refusing('LEVEL_IO_ERROR', 'IO error: 000005.log: No space left on device')
    await expect(openLocalStore(location, { local: { opener } })).rejects.toMatchObject(full)
    await expect(openLocalStore(location, { fileSystem: fullFor('.bodies') })).rejects.toMatchObject(full)
    await expect(openLocalStore(location, { fileSystem: fullFor('segment-') })).rejects.toMatchObject(full)
    const store = await openLocalStore(location)
    expect((await store.getConversation('ben', { peer: 'ann' }))?.headSeq).toBe(4 * generations + 1)
  },
)

test('a disk without room for the record that ends what was recovered is NO_SPACE', async () => {
  const location = await killed(1)
  // The new segment has got its name by then.
  let isNamed = false
  const fileSystem = interferedFileSystem(nodeFileSystem, {
    before: (operation, path) => {
      if (!path.endsWith(nextSegmentName)) return
      if (operation === 'rename') isNamed = true
      if (isNamed && operation === 'write') throw noRoom()
    },
  })
  await expect(openLocalStore(location, { fileSystem })).rejects.toMatchObject({ code: 'NO_SPACE' })
  expect(isNamed).toBe(true)
})

test('a disk that takes nothing, and says nothing, is CORRUPT to whoever opens, as one that says EIO', async () => {
  for (const [name, generations] of [
    ['MANIFEST', 1],
    ['LOCK', 1],
    ['.copy', 1],
    [nextSegmentName, 1],
    ['.bodies', 0],
    ['.bodies', 3],
  ] as const) {
    const fileSystem: FileSystem = {
      ...nodeFileSystem,
      open: (path, mode) =>
        (path.includes(name) ? interferedFileSystem(nodeFileSystem, { atMost: 0 }) : nodeFileSystem).open(
          path,
          mode,
        ),
    }
    const opening = openLocalStore(await killed(generations), { fileSystem })
    await expect(opening).rejects.toBeInstanceOf(ColumbaError)
    await expect(opening).rejects.toMatchObject({ code: 'CORRUPT' })
  }
})

test('a segment that becomes shorter while its end is written anew is CORRUPT, with its file', async () => {
  const location = await killed(1)
  let reads = 0
  const fileSystem: FileSystem = {
    ...nodeFileSystem,
    // Its header, its records, and then the copy.
    open: (path, mode) =>
      (path.includes('segment-') && mode === 'read' && ++reads === 3
        ? interferedFileSystem(nodeFileSystem, { mostRead: 0 })
        : nodeFileSystem
      ).open(path, mode),
  }
  await expect(openLocalStore(location, { fileSystem })).rejects.toMatchObject({
    code: 'CORRUPT',
    details: { file: join(location, 'log', segmentName(1)), offset: 0 },
  })
})

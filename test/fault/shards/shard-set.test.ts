import { readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { ColumbaError } from '../../../src/errors.js'
import { openClassicLevel } from '../../../src/local/shards/classic-level-opener.js'
import type { ShardDatabase, ShardOpener } from '../../../src/local/shards/shard-database.js'
import { ShardSet } from '../../../src/local/shards/shard-set.js'
import { nodeFileSystem } from '../../../src/platform/node-file-system.js'
import { interferedFileSystem } from '../../fixtures/failing-file-system.js'
import { createShards, openShards, shardOptions } from '../../fixtures/open-shards.js'
import { temporaryDirectory } from '../../fixtures/temporary-directory.js'
import { rejectionOf } from '../../fixtures/thrown-by.js'

const key = Buffer.from('\u0001key')
const hurried = {
  now: () => 0,
  after: (_: number, task: () => void) => (task(), () => undefined),
  yield: async () => undefined,
}

/** Real databases that `change` has had its hands on. */
const changed =
  (change: (database: ShardDatabase) => void): ShardOpener =>
  async (location, options) => {
    const database = await openClassicLevel(location, options)
    if (!options.create) change(database)
    return database
  }

test('a checkpoint whose compaction only says yes poisons everything, once; reads go on; reopening recovers', async () => {
  const options = shardOptions(await temporaryDirectory())
  await (await createShards(options)).close()
  const failures: ColumbaError[] = []
  let compactions = 0
  const opener = changed((database) => {
    database.compactRange = async () => void compactions++
  })
  const shards = await openShards({
    ...options,
    opener,
    clock: hurried,
    onFailure: (error) => failures.push(error),
  })
  const shard = shards.shard(1)
  shard.writer.put(key, Buffer.from('payload'))
  await shards.flush()
  const error = await rejectionOf(shards.checkpoint({ position: 5, epoch: 1 }))
  expect(error).toMatchObject({ code: 'POISONED', details: { shard: 0 } })
  expect(compactions).toBe(3)
  expect(failures).toEqual([error])
  expect(shards.failed).toBe(error)
  expect(await rejectionOf(shards.checkpoint({ position: 6, epoch: 1 }))).toBe(error)
  expect(await rejectionOf(shards.flush())).toBe(error)
  expect(() => shard.writer.put(key, Buffer.from('more'))).toThrow(shards.failed!)
  expect((await shard.get(key))?.toString()).toBe('payload')
  await shards.close()
  const again = await openShards(options)
  await again.checkpoint({ position: 6, epoch: 1 })
})

test('what somebody else has found out about the databases ends all writing, also what waits; reads go on', async () => {
  const failures: ColumbaError[] = []
  const shards = await createShards(
    shardOptions(await temporaryDirectory(), { onFailure: (error) => failures.push(error) }),
  )
  const { writer } = shards.shard(1)
  writer.put(key, Buffer.from('payload'))
  await shards.flush()
  writer.put(key, Buffer.from('waits'))
  const error = new ColumbaError('POISONED', 'the flush thread has failed')
  shards.distrust(error)
  expect(shards.failed).toBe(error)
  expect(() => writer.put(key, Buffer.from('more'))).toThrow(error)
  expect(await rejectionOf(shards.flush())).toBe(error)
  expect(await rejectionOf(shards.checkpoint({ position: 1, epoch: 1 }))).toBe(error)
  expect((await shards.shard(1).get(key))?.toString()).toBe('payload')
  // Who tells of it knows it already.
  expect(failures).toEqual([])
  await shards.close()
})

test('checkpoints go one shard after the other, and one after the other', async () => {
  const options = shardOptions(await temporaryDirectory(), { count: 3 })
  await (await createShards(options)).close()
  let running = 0
  const opener = changed((database) => {
    const compact = database.compactRange.bind(database)
    database.compactRange = async (start, end) => {
      expect(++running).toBe(1)
      await compact(start, end)
      running--
    }
  })
  const shards = await openShards({ ...options, opener })
  const before = Promise.all([1, 2, 3].map((position) => shards.checkpoint({ position, epoch: 1 })))
  await before
  await shards.close()
  expect((await openShards(options)).checkpoints.map(({ position }) => position)).toEqual([3, 3, 3])
})

test('rows may be put and flushed while a checkpoint runs', async () => {
  const shards = await createShards(shardOptions(await temporaryDirectory()))
  const checkpoint = shards.checkpoint({ position: 1, epoch: 1 })
  for (let row = 0; row < 100; row++) {
    shards.shard(row % 2).writer.put(Buffer.from(`\u0001${row}`), Buffer.alloc(10_000))
    if (row % 10 === 0) await shards.flush()
  }
  await checkpoint
  await shards.flush()
  expect(await shards.shard(0).rows({ gte: Buffer.from([1]), lt: Buffer.from([2]) }, 1000)).toHaveLength(50)
})

test('a value that does not fit anywhere fails the checkpoint row too: a full disk poisons', async () => {
  const options = shardOptions(await temporaryDirectory())
  await (await createShards(options)).close()
  const opener = changed((database) => {
    const real = database.batch.bind(database)
    database.batch = () => {
      const batch = real()
      batch.write = () => Promise.reject(new Error('IO error: No space left on device'))
      return batch
    }
  })
  const shards = await openShards({ ...options, opener })
  const error = await rejectionOf(shards.checkpoint({ position: 1, epoch: 1 }))
  expect(error).toMatchObject({ code: 'POISONED', cause: { message: 'IO error: No space left on device' } })
})

test('creation that fails at any operation can be done again', async () => {
  const operations = await countOperations()
  expect(operations).toBe(13)
  for (let failing = 1; failing <= operations; failing++) {
    const directory = await temporaryDirectory()
    const options = shardOptions(directory)
    let count = 0
    const fileSystem = interferedFileSystem(nodeFileSystem, {
      before: () => {
        if (++count === failing) throw Object.assign(new Error('EIO'), { code: 'EIO' })
      },
    })
    const error = await rejectionOf(ShardSet.create({ ...options, fileSystem }, 1))
    expect(`${String(error)} ${String((error as Error).cause)}`, `operation ${failing}`).toContain('EIO')
    await (await createShards(options)).close()
    await (await openShards(options)).close()
    expect(await readdir(join(directory, 'shards'))).toEqual(['0000', '0001'])
  }
})

async function countOperations(): Promise<number> {
  let count = 0
  const fileSystem = interferedFileSystem(nodeFileSystem, { before: () => count++ })
  await (await createShards({ ...shardOptions(await temporaryDirectory()), fileSystem })).close()
  return count
}

test('a shard that a power cut left unfit to be opened is made anew; the file that LevelDB locks stays', async () => {
  const directory = await temporaryDirectory()
  const options = shardOptions(directory)
  await (await createShards(options)).close()
  for (const name of ['0000', '0001']) {
    const shard = join(directory, 'shards', name)
    await writeFile(join(shard, (await readFile(join(shard, 'CURRENT'), 'utf8')).trim()), '')
  }
  const locked = await stat(join(directory, 'shards/0000/LOCK'))
  expect(await rejectionOf(openShards(options))).toMatchObject({ code: 'CORRUPT' })
  await (await createShards(options)).close()
  await openShards(options)
  expect((await stat(join(directory, 'shards/0000/LOCK'))).ino).toBe(locked.ino)
})

test('each new shard and the directory above are synced before anything may rely on them', async () => {
  const directory = await temporaryDirectory()
  const synced: string[] = []
  const fileSystem = interferedFileSystem(nodeFileSystem, {
    before: (operation, path) => {
      if (operation === 'syncDirectory') synced.push(path.slice(directory.length))
    },
  })
  await createShards({ ...shardOptions(directory), fileSystem })
  expect(synced).toEqual(['', '/shards/0000', '/shards/0001', '/shards'])
})

test.each([
  ['LEVEL_LOCKED', 'IO error: lock', 'LOCKED'],
  ['LEVEL_IO_ERROR', 'IO error: /x/000005.log: No space left on device', 'NO_SPACE'],
  ['LEVEL_IO_ERROR', 'IO error: /x/CURRENT: Too many open files', 'OVERLOADED'],
  ['LEVEL_CORRUPTION', 'Corruption: no meta-nextfile entry in descriptor', 'CORRUPT'],
  ['LEVEL_IO_ERROR', 'IO error: /x: Input/output error', 'CORRUPT'],
])('%s (%s) while opening is %s, and the shards before it are closed', async (levelCode, message, code) => {
  const options = shardOptions(await temporaryDirectory())
  await (await createShards(options)).close()
  const opener: ShardOpener = async (location, how) => {
    if (!location.endsWith('0001')) return openClassicLevel(location, how)
    const cause = Object.assign(new Error(message), { code: levelCode })
    throw Object.assign(new Error('Database failed to open', { cause }), { code: 'LEVEL_DATABASE_NOT_OPEN' })
  }
  expect(await rejectionOf(openShards({ ...options, opener }))).toMatchObject({ code, details: { shard: 1 } })
  await openShards(options)
})

import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { Manifest } from '../../../src/formats/manifest.js'
import { BodyFiles } from '../../../src/local/bodies/body-files.js'
import { FilterKeeper } from '../../../src/local/background/filter-keeper.js'
import { ConversationFilter } from '../../../src/local/memory/conversation-filter.js'
import { ManifestFile, newManifest } from '../../../src/local/manifest-file.js'
import { LockFiles } from '../../../src/local/store-lock/lock-files.js'
import { readHead, replaceFile, writeAside } from '../../../src/platform/whole-files.js'
import { writeFully } from '../../../src/platform/whole-transfers.js'
import { interferedFileSystem } from '../../fixtures/failing-file-system.js'
import { fixedRandom } from '../../fixtures/fixed-random.js'
import { failure, MemoryFileSystem } from '../../fixtures/memory-file-system.js'

const directory = '/store'
const path = join(directory, 'file')
const aside = join(directory, 'file.new')
const pieces = ['one ', 'and ', 'another'].map((text) => Buffer.from(text))
const whole = Buffer.concat(pieces)

/** A disk on which the nth and later calls of a kind do something else. */
function diskThat(
  operation: 'open' | 'write' | 'sync' | 'close' | 'rename' | 'syncDirectory',
  from: number,
  answer: (count: number) => number | undefined,
): MemoryFileSystem {
  const disk = new MemoryFileSystem()
  let count = 0
  disk.intercept = (done) => (done === operation && ++count >= from ? answer(count) : undefined)
  return disk
}

describe('writeFully', () => {
  async function write(disk: MemoryFileSystem): Promise<Buffer> {
    const handle = await disk.open(path, 'create')
    await writeFully(handle, whole, 0)
    return disk.content(path)
  }

  test.each([1, 2, 7, 14, 15, 100])('goes on after writes of at most %d bytes', async (most) => {
    expect(await write(diskThat('write', 1, () => most))).toEqual(whole)
  })

  test('one write that takes nothing is asked again', async () => {
    let calls = 0
    const disk = diskThat('write', 1, () => (++calls % 2 === 0 ? 0 : 3))
    expect(await write(disk)).toEqual(whole)
  })

  test('a disk that takes nothing twice in a row is an error, and is not asked for ever', async () => {
    let calls = 0
    const disk = diskThat('write', 1, () => (++calls === 1 ? 4 : 0))
    await expect(write(disk)).rejects.toThrow('the disk took 4 of 15 bytes and no more')
    expect(disk.journal.filter((line) => line.startsWith('write'))).toHaveLength(3)
  })

  test('an error of the disk is the error', async () => {
    const disk = diskThat('write', 1, () => {
      throw failure('ENOSPC', path)
    })
    await expect(write(disk)).rejects.toMatchObject({ code: 'ENOSPC' })
  })
})

describe('replaceFile', () => {
  test('writes aside, syncs, renames, syncs the directory, in this order', async () => {
    const disk = new MemoryFileSystem()
    disk.put(path, Buffer.from('old'))
    expect(await replaceFile(disk, path, aside, pieces)).toBe(15)
    expect(disk.journal).toEqual([
      'open file.new',
      'write file.new',
      'write file.new',
      'write file.new',
      'sync file.new',
      'close file.new',
      'rename file.new',
      'syncDirectory store',
    ])
    expect(disk.afterPowerCut().content(path)).toEqual(whole)
  })

  test('what an interrupted process left aside is not part of the new file', async () => {
    const disk = new MemoryFileSystem()
    disk.put(aside, Buffer.alloc(100, 'x'))
    await replaceFile(disk, path, aside, pieces)
    expect([...disk.files.keys()]).toEqual([path])
    expect(disk.content(path)).toEqual(whole)
  })

  test.each(['open', 'write', 'sync', 'rename'] as const)(
    'after a failed %s the old file is there, and nothing is open',
    async (operation) => {
      const disk = diskThat(operation, 1, () => {
        throw failure('EIO', aside)
      })
      disk.put(path, Buffer.from('old'))
      await expect(replaceFile(disk, path, aside, pieces)).rejects.toMatchObject({ code: 'EIO' })
      expect(disk.content(path).toString()).toBe('old')
      expect(disk.openHandles).toBe(0)
    },
  )

  test.each(['write', 'sync', 'close'] as const)(
    'a failed %s leaves nothing aside: on a full disk nobody could use its room',
    async (operation) => {
      const disk = diskThat(operation, 1, () => {
        throw failure('ENOSPC', aside)
      })
      await expect(replaceFile(disk, path, aside, pieces)).rejects.toMatchObject({ code: 'ENOSPC' })
      expect([...disk.files.keys()]).toEqual([])
    },
  )
})

test('readHead reads through short reads, to the end or to the most that was asked', async () => {
  const disk = new MemoryFileSystem()
  await writeAside(disk, path, pieces)
  const slow = interferedFileSystem(disk, { mostRead: 2 })
  const handle = await slow.open(path, 'read')
  expect((await readHead(handle, 100)).toString()).toBe('one and another')
  expect((await readHead(handle, 5)).toString()).toBe('one a')
})

describe('a disk that takes no bytes and gives no error', () => {
  const manifest: Manifest = newManifest(fixedRandom(1), 1, { shards: 1, virtualNodes: 1 })
  const lock = {
    pid: 1,
    startTime: null,
    bootId: null,
    pidNamespace: null,
    hostname: '',
    thread: 0,
    since: 1,
    nonce: 'n',
  }
  const writers: Record<string, (disk: MemoryFileSystem) => Promise<unknown>> = {
    manifest: (disk) => new ManifestFile(disk, directory).replace(manifest),
    filter: (disk) => new FilterKeeper(disk, directory).save(new ConversationFilter([]), 7),
    lock: (disk) => new LockFiles(disk, directory).write('LOCK.json', lock, 'n'),
    'body file': (disk) =>
      new BodyFiles({ directory, fileSystem: disk, storeId: new Uint8Array(16) }).write(1, [whole]),
  }

  test.each(Object.keys(writers))('ends the writing of a %s', async (name) => {
    const disk = diskThat('write', 1, () => 0)
    const written = writers[name]?.(disk)
    if (name === 'filter') {
      // Closing does not fail for its sake.
      await expect(written).resolves.toBeUndefined()
      expect([...disk.files.keys()]).toEqual([])
    } else await expect(written).rejects.toThrow(/the disk took 0 of \d+ bytes and no more/)
    expect(disk.openHandles).toBe(0)
  })

  test.each(Object.keys(writers))(
    'and one that takes a byte at a time does no harm to a %s',
    async (name) => {
      const [slow, quick] = [diskThat('write', 1, () => 1), new MemoryFileSystem()]
      await writers[name]?.(slow)
      await writers[name]?.(quick)
      const contents = (disk: MemoryFileSystem) => [...disk.files].map(([at, { content }]) => [at, content])
      expect(contents(slow)).toEqual(contents(quick))
    },
  )
})

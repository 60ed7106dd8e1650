import { describe, expect, test } from 'vitest'
import { CallSlots } from '../../../src/local/shards/call-slots.js'
import { flushWithEvidence } from '../../../src/local/shards/checkpoint-evidence.js'
import type { Clock } from '../../../src/platform/clock.js'
import { FakeShardDatabase } from '../../fixtures/fake-shard-database.js'
import { MemoryFileSystem } from '../../fixtures/memory-file-system.js'

/** A shard with two logs, beside files that are none; `onCompact` gets what LevelDB would do at the nth compaction. */
function shard(onCompact: (disk: MemoryFileSystem, compaction: number) => void) {
  const disk = new MemoryFileSystem()
  for (const name of ['000003.log', '000005.log', 'LOG', 'LOG.old', 'CURRENT', '000004.ldb'])
    disk.put(`/s/${name}`, Buffer.alloc(1))
  const database = new FakeShardDatabase()
  database.onCompact = () => onCompact(disk, database.compactions)
  const waited: number[] = []
  const kept: unknown[] = []
  const clock: Clock = {
    now: () => 0,
    after(ms, task, keepsAlive) {
      waited.push(ms)
      kept.push(keepsAlive)
      task()
      return () => undefined
    },
    yield: () => Promise.resolve(),
  }
  const run = () =>
    flushWithEvidence({ directory: '/s', database, fileSystem: disk, clock, slots: new CallSlots(1) })
  return { disk, database, waited, kept, run }
}

function roll(disk: MemoryFileSystem, next: number): void {
  for (const path of disk.files.keys()) if (path.endsWith('.log')) disk.files.delete(path)
  disk.put(`/s/${String(next).padStart(6, '0')}.log`, Buffer.alloc(0))
}

test('the logs from before are gone: durable, and the directory is synced last', async () => {
  const { disk, database, waited, run } = shard((files) => roll(files, 7))
  await run()
  expect(database.compactions).toBe(1)
  expect(waited).toEqual([])
  expect(disk.journal).toEqual(['syncDirectory s'])
})

test('one that is there still: again, later', async () => {
  const { database, waited, kept, run } = shard((files, compaction) => {
    if (compaction === 3) roll(files, 7)
  })
  await run()
  expect(database.compactions).toBe(3)
  expect(waited).toEqual([200, 2000])
  // A checkpoint may be the last thing that a process waits for.
  expect(kept).toEqual([true, true])
})

describe('no evidence', () => {
  test('a compaction that says yes and did nothing', async () => {
    const { disk, database, run } = shard(() => undefined)
    await expect(run()).rejects.toThrow('still has a log')
    expect(database.compactions).toBe(3)
    expect(disk.journal).toEqual([])
  })

  test('a new log, and an old one beside it', async () => {
    const { run } = shard((files) => files.files.delete('/s/000003.log'))
    await expect(run()).rejects.toThrow('still has a log')
  })

  test('no log at all from the beginning: this is not the directory', async () => {
    const { disk, database, run } = shard(() => undefined)
    disk.files.clear()
    await expect(run()).rejects.toThrow('no log')
    expect(database.compactions).toBe(0)
  })

  test('the directory cannot be synced', async () => {
    const { disk, run } = shard((files) => roll(files, 7))
    disk.intercept = (operation) => {
      if (operation === 'syncDirectory') throw new Error('EIO')
      return undefined
    }
    await expect(run()).rejects.toThrow('EIO')
  })

  test('the compaction rejects every time, and that is the cause', async () => {
    const cause = new Error('closed')
    const { run } = shard(() => {
      throw cause
    })
    await expect(run()).rejects.toMatchObject({ cause })
  })
})

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { MessageStore } from '../../src/api/message-store.js'
import { resolveLimits } from '../../src/limits.js'
import { openClassicLevel } from '../../src/local/shards/classic-level-opener.js'
import type { ShardOpener } from '../../src/local/shards/shard-database.js'
import { openLocalBackend } from '../../src/local/open-local-backend.js'
import { ManualClock } from '../../src/model-checking/manual-clock.js'
import { nodeFileSystem } from '../../src/platform/node-file-system.js'
import { systemRandom } from '../../src/platform/random.js'
import { interferedFileSystem } from '../fixtures/failing-file-system.js'

const limits = resolveLimits()
const small = {
  generationBytes: 2048,
  segmentBytes: 8192,
  checkpointBytes: 4096,
  maxWaitingGenerations: 1,
}

interface World {
  /** What was done, in order: `<what> <file>`, with `log`, `body`, `manifest` and `rows` for the files. */
  readonly journal: string[]
  readonly clock: ManualClock
  /** What an operation on a file of that kind fails with. */
  readonly failures: Map<string, Error>
  readonly open: (syncEveryMs?: number) => Promise<MessageStore>
}

const kinds: readonly (readonly [kind: string, file: RegExp])[] = [
  ['log', /\/log\/(?:segment-\d+|next)\.log$/],
  ['log directory', /\/log$/],
  ['body', /\/bodies\/[^/]+$/],
  ['body directory', /\/bodies$/],
  ['manifest', /\/MANIFEST(?:\.new)?$/],
  ['shard directory', /\/shards\/\d+$/],
]

/** The embedded store on a real disk, with everything in between written down. */
async function world(segmentBytes = small.segmentBytes): Promise<World> {
  const location = await mkdtemp(join(tmpdir(), 'columba-order-'))
  onTestFinished(() => rm(location, { recursive: true, force: true }))
  const journal: string[] = []
  const failures = new Map<string, Error>()
  const clock = new ManualClock()
  const fileSystem = interferedFileSystem(nodeFileSystem, {
    before: (operation, path) => {
      const kind = kinds.find(([, file]) => file.test(path))?.[0] ?? basename(path)
      journal.push(`${operation} ${kind}`)
      const failure = failures.get(`${operation} ${kind}`)
      if (failure !== undefined) throw failure
    },
  })
  const opener: ShardOpener = async (directory, options) => {
    const database = await openClassicLevel(directory, options)
    const batch = database.batch.bind(database)
    return Object.assign(database, {
      batch: () => {
        const made = batch()
        const write = made.write.bind(made)
        return Object.assign(made, {
          write: () => {
            journal.push('write rows')
            return write()
          },
        })
      },
    })
  }
  const components = { clock, random: systemRandom, fileSystem, logger: undefined, metrics: undefined }
  const settings = { location, shards: 2, virtualNodes: 16, cacheBytes: 1 << 20, cacheTierSize: 15, limits }
  return {
    journal,
    clock,
    failures,
    open: async (syncEveryMs = 0) => {
      const backend = await openLocalBackend({ ...settings, syncEveryMs }, components, {
        opener,
        tuning: { ...small, segmentBytes },
      })
      return new MessageStore(backend, { limits, clock, usersMode: 'open' })
    },
  }
}

async function sendMany(store: MessageStore, from: number, count: number): Promise<void> {
  for (let i = from; i < from + count; i += 1) {
    await store.sendMessage({ sender: `a${i % 3}`, receiver: 'b', text: 'x'.repeat(100), id: `m${i}` })
  }
}

/** Each `thing` stands behind a `first` that comes after the last `since`. */
function expectBefore(journal: readonly string[], first: string, thing: string, since: string): void {
  let seen = false
  let checked = 0
  for (const entry of journal) {
    if (entry === since) seen = false
    if (entry === first) seen = true
    if (entry !== thing) continue
    expect(seen, `${first} before ${thing}, after ${since}`).toBe(true)
    checked += 1
  }
  expect(checked).toBeGreaterThan(0)
}

describe('the order of what goes to the disk', () => {
  test('nothing is flushed before the log below it is synced, also where syncing is left to the system', async () => {
    // So large that no segment is full: the end of one is synced as well.
    const { open, journal, failures } = await world(1 << 22)
    const store = await open(Infinity)
    failures.set('sync log', new Error('the disk is gone'))
    journal.length = 0
    await expect(sendMany(store, 0, 200)).rejects.toMatchObject({ name: 'ColumbaError' })
    await expect(store.admin.checkpoint()).rejects.toMatchObject({ code: 'POISONED' })
    expect(journal).not.toContain('rename body')
    expect(journal).not.toContain('write rows')
    await store.close().catch(() => undefined)
  })

  test('a body file is synced, and its name, before the rows that point into it', async () => {
    const { open, journal } = await world()
    const store = await open()
    journal.length = 0
    await sendMany(store, 0, 60)
    await store.close()
    expectBefore(journal, 'sync body', 'rename body', 'open body')
    expectBefore(journal, 'syncDirectory body directory', 'write rows', 'rename body')
  })

  test('the manifest names a checkpoint after the shards have proved it, and segments go after that', async () => {
    const { open, journal } = await world()
    const store = await open()
    journal.length = 0
    await sendMany(store, 0, 120)
    await store.close()
    expectBefore(journal, 'syncDirectory shard directory', 'rename manifest', 'write rows')
    expectBefore(journal, 'rename manifest', 'unlink log', 'syncDirectory shard directory')
  })
})

describe('after a failure', () => {
  test('what was being written is unknown, what came after it is not stored', async () => {
    const { open, failures } = await world()
    const store = await open()
    await sendMany(store, 0, 3)
    failures.set('sync log', new Error('the disk is gone'))
    await expect(sendMany(store, 3, 1)).rejects.toMatchObject({ code: 'OUTCOME_UNKNOWN' })
    await expect(sendMany(store, 4, 1)).rejects.toMatchObject({ code: 'POISONED' })
    failures.clear()
    await store.close()

    const again = await open()
    await sendMany(again, 3, 2)
    const { items } = await again.getMessages('b', { peer: 'a0' })
    expect(items.map(({ id }) => id)).toEqual(['m3', 'm0'])
    await again.close()
  })

  test('a checkpoint that failed is not in the manifest: everything is there again', async () => {
    const { open, failures } = await world()
    const store = await open()
    await sendMany(store, 0, 5)
    failures.set('syncDirectory shard directory', new Error('the disk is gone'))
    await expect(store.admin.checkpoint()).rejects.toMatchObject({ code: 'POISONED' })
    await store.close().catch(() => undefined)
    failures.clear()

    const again = await open()
    const { items } = await again.getMessages('b', { peer: 'a0' })
    expect(items.map(({ id }) => id)).toEqual(['m3', 'm0'])
    await again.close()
  })
})

describe('the time of the store', () => {
  test('goes on where the log ends, although the clock was put back and nothing was closed cleanly', async () => {
    const { open, failures, clock } = await world()
    const store = await open()
    clock.jump(60_000)
    const before = await store.sendMessage({ sender: 'a', receiver: 'b', text: 'late' })
    failures.set('write log', new Error('the disk is gone'))
    await store.close().catch(() => undefined)
    failures.clear()

    clock.jump(-120_000)
    const again = await open()
    const { timestamp } = await again.sendMessage({ sender: 'a', receiver: 'b', text: 'later' })
    expect(timestamp).toBeGreaterThanOrEqual(before.timestamp)
    await again.close()
  })
})

import { readdir } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import type { LocalMessageStore } from '../../src/api/message-store.js'
import { openMessageStore } from '../../src/api/open.js'
import type { StoreOptions } from '../../src/api/options.js'
import type { Logger } from '../../src/backend/settings.js'
import { isColumbaError } from '../../src/errors.js'
import { levelOf, parseBodyFileName } from '../../src/formats/body-file.js'
import type { FileSystem } from '../../src/platform/file-system.js'
import { nodeFileSystem } from '../../src/platform/node-file-system.js'
import { interferedFileSystem, type Interference } from '../fixtures/failing-file-system.js'
import { openLocalStore } from '../fixtures/local-store.js'
import { temporaryDirectory } from '../fixtures/temporary-directory.js'

// A small limit of the log, and a disk that is nearly full: the store stops, and goes on by itself.

const KiB = 1024

/** Whoever hangs is found out soon. */
const timeout = 20_000
const closingMs = 5000
const text = 'x'.repeat(4 * KiB)

/** Checkpoints come every few hundred messages. */
const limits = { logBytes: 128 * KiB, textBytes: 16 * KiB, attributesBytes: 1 * KiB }

async function open(more: Partial<StoreOptions> = {}): Promise<LocalMessageStore> {
  const store = await openMessageStore({ location: await temporaryDirectory(), limits, ...more })
  onTestFinished(() => store.close(), closingMs)
  return store
}

const send = (store: LocalMessageStore, n: number) =>
  store.sendMessage({ sender: 'ann', receiver: 'bob', id: String(n), text })

test(
  'a log that may not grow far: sends go on, checkpoints come as often as they must',
  { timeout },
  async () => {
    const store = await open()
    for (let wave = 0; wave < 20; wave++)
      await Promise.all(Array.from({ length: 32 }, (_, i) => send(store, wave * 32 + i)))
    const { generations } = await store.admin.stats()
    // 2.5 MiB of log, and never more than some 128 KiB of it between two checkpoints.
    expect(generations.checkpoints).toBeGreaterThan(8)
    await store.admin.checkpoint()
    await store.close()
  },
)

test(
  'a store that was killed with more log than it may have now opens, and takes sends',
  { timeout },
  async () => {
    const location = await temporaryDirectory()
    const first = await openMessageStore({ location })
    await Promise.all(Array.from({ length: 200 }, (_, n) => send(first, n)))
    await first.close()
    const store = await open({ location })
    await Promise.all(Array.from({ length: 200 }, (_, n) => send(store, 200 + n)))
    expect((await store.getMessages('bob', { peer: 'ann' }, { limit: 1 })).items[0]?.seq).toBe(400)
  },
)

/** A logger, and all that it was told. */
function listening(): { readonly told: string[]; readonly logger: Logger } {
  const told: string[] = []
  const tell = (message: string): void => void told.push(message)
  return { told, logger: { info: tell, warn: tell, error: tell } }
}

/** The disk of the machine, on which there is as much room as is said. */
function diskWith(room: { free: number | null }): FileSystem {
  return {
    ...nodeFileSystem,
    freeBytes: (path) => {
      if (room.free === null) return Promise.reject(new Error('nobody knows'))
      return room.free === Infinity ? nodeFileSystem.freeBytes(path) : Promise.resolve(room.free)
    },
  }
}

/** Sends one message after the other until one is refused, or until so many were not. */
async function refusal(store: LocalMessageStore, from: number, most: number): Promise<string | null> {
  for (let n = from; n < from + most; n++) {
    try {
      await send(store, n)
    } catch (error) {
      return isColumbaError(error) ? error.code : String(error)
    }
  }
  return null
}

test(
  'a disk that is nearly full: NO_SPACE until there is room, and then sends again without reopening',
  { timeout },
  async () => {
    const room = { free: Infinity }
    const { told, logger } = listening()
    const location = await temporaryDirectory()
    const store = await openMessageStore({ location, limits }, { fileSystem: diskWith(room), logger })
    onTestFinished(() => store.close(), closingMs)
    expect(await refusal(store, 0, 100)).toBe(null)
    room.free = 1000
    expect(await refusal(store, 100, 1000)).toBe('NO_SPACE')
    expect((await store.admin.stats()).writes).toBe('NO_SPACE')
    expect((await store.getMessages('bob', { peer: 'ann' })).items).toHaveLength(50)
    room.free = Infinity
    await expect.poll(() => refusal(store, 2000, 1), { timeout: 10_000, interval: 50 }).toBe(null)
    expect((await store.admin.stats()).writes).toBe('accepted')
    await store.close()
    expect(told).toEqual([
      'the store is open',
      'the disk is nearly full; nothing is accepted',
      'there is room on the disk again',
      'the store is closed',
    ])
  },
)

test(
  'a disk that is nearly full when the store is opened: nothing is accepted before there is room',
  { timeout },
  async () => {
    const room = { free: 1000 }
    const location = await temporaryDirectory()
    const store = await openMessageStore({ location }, { fileSystem: diskWith(room) })
    onTestFinished(() => store.close(), closingMs)
    expect(await refusal(store, 0, 1)).toBe('NO_SPACE')
    room.free = Infinity
    await expect.poll(() => refusal(store, 1, 1), { timeout: 10_000, interval: 50 }).toBe(null)
  },
)

test(
  'a disk that somebody else fills while little is sent: it is seen long before a flush',
  { timeout },
  async () => {
    const room = { free: Infinity }
    const location = await temporaryDirectory()
    const store = await openMessageStore({ location }, { fileSystem: diskWith(room) })
    onTestFinished(() => store.close(), closingMs)
    expect(await refusal(store, 0, 10)).toBe(null)
    room.free = 1000
    let sent = 10
    await expect.poll(() => refusal(store, sent++, 1), { timeout: 10_000, interval: 50 }).toBe('NO_SPACE')
    room.free = Infinity
    await expect.poll(() => refusal(store, 1000, 1), { timeout: 10_000, interval: 50 }).toBe(null)
  },
)

/** A store in which ann has a list that is worth a copy. */
async function withList(): Promise<string> {
  const location = await temporaryDirectory()
  const store = await openMessageStore({ location })
  for (let n = 0; n < 12; n++) await store.sendMessage({ sender: `user ${n}`, receiver: 'ann', text })
  await store.close()
  return location
}

async function rowsWritten(store: LocalMessageStore): Promise<number> {
  const { shards } = await store.admin.stats()
  return shards.reduce((sum, shard) => sum + shard.rowsWritten, 0)
}

test(
  'a disk that is nearly full: lists are read, and no copies of them are written',
  { timeout },
  async () => {
    const location = await withList()
    for (const [free, written] of [
      [1000, 0],
      [Infinity, 1],
    ] as const) {
      const store = await openMessageStore({ location }, { fileSystem: diskWith({ free }) })
      onTestFinished(() => store.close(), closingMs)
      const before = await rowsWritten(store)
      expect((await store.getConversations('ann')).items).toHaveLength(12)
      expect((await rowsWritten(store)) - before).toBe(written)
      await store.close()
    }
  },
)

test('a disk that somebody else fills while lists are read: it is seen', { timeout }, async () => {
  const room = { free: Infinity }
  const { told, logger } = listening()
  const location = await withList()
  const store = await openMessageStore({ location }, { fileSystem: diskWith(room), logger })
  onTestFinished(() => store.close(), closingMs)
  room.free = 1000
  await store.getConversations('ann')
  await expect.poll(() => told, { timeout: 10_000 }).toContain('the disk is nearly full; nothing is accepted')
})

test('a look at the disk that a close overtakes: nothing is told of it any more', { timeout }, async () => {
  const { told, logger } = listening()
  const looks: ((free: number) => void)[] = []
  let isSlow = false
  const fileSystem: FileSystem = {
    ...nodeFileSystem,
    freeBytes: () =>
      isSlow && looks.length === 0
        ? new Promise<number>((resolve) => looks.push(resolve))
        : Promise.resolve(Infinity),
  }
  const location = await temporaryDirectory()
  const store = await openMessageStore({ location }, { fileSystem, logger })
  onTestFinished(() => store.close(), closingMs)
  isSlow = true
  await send(store, 0)
  await expect.poll(() => looks.length, { timeout: 10_000 }).toBe(1)
  await store.close()
  looks[0]?.(1000)
  await new Promise((resolve) => setTimeout(resolve, 50))
  expect(told.at(-1)).toBe('the store is closed')
})

test('a disk of which nobody can tell how full it is', { timeout }, async () => {
  const location = await temporaryDirectory()
  const store = await openMessageStore({ location, limits }, { fileSystem: diskWith({ free: null }) })
  onTestFinished(() => store.close(), closingMs)
  expect(await refusal(store, 0, 200)).toBe(null)
  await store.admin.checkpoint()
  // Nor does it keep body files from being merged.
  const merges = async (): Promise<number> => {
    await store.admin.checkpoint()
    return (await store.admin.stats()).bodies.merges
  }
  await expect.poll(merges, { timeout: 10_000, interval: 100 }).toBeGreaterThan(0)
})

// A merge is as large as what goes into it, and takes minutes: it must not be what the others have no room for.

/** Of merged files in the making. */
function isMergedAside(path: string): boolean {
  const file = path.endsWith('.tmp') ? parseBodyFileName(basename(path, '.tmp')) : null
  return file !== null && levelOf(file) > 0
}

const mergeTuning = { generationBytes: 2048 * KiB, tidyFiles: 3, tidyAfterMs: 0, tidyRestMs: 0 }

/** A closed store with body files of 2 MiB, of which three make a merge. */
async function withFilesToMerge(): Promise<string> {
  const location = await temporaryDirectory()
  const store = await openLocalStore(location, { local: { tuning: { ...mergeTuning, tidyFiles: Infinity } } })
  const long = 'x'.repeat(60 * KiB)
  for (let n = 0; n < 120; n++)
    await store.sendMessage({ sender: 'ann', receiver: `bob ${n}`, id: String(n), text: long })
  await store.close()
  return location
}

interface Merging {
  readonly store: LocalMessageStore
  readonly location: string
  readonly merges: () => Promise<{ readonly merges: number; readonly failures: number }>
}

/** Its merges write to the disk under `interference`, on which there is as much room as is said. */
async function merging(room: { free: number }, interference: Interference): Promise<Merging> {
  const location = await withFilesToMerge()
  const fileSystem = interferedFileSystem(diskWith(room), interference)
  const store = await openLocalStore(location, { fileSystem, local: { tuning: mergeTuning } })
  const merges = async () => (await store.admin.stats()).bodies
  return { store, location, merges }
}

async function asideIn(location: string): Promise<string[]> {
  return (await readdir(join(location, 'bodies'))).filter((name) => name.endsWith('.tmp'))
}

test(
  'a disk that fills up during a merge: the merge ends before the room that is kept, and gives its own back',
  {
    timeout,
  },
  async () => {
    const room = { free: Infinity }
    let asideBytes = 0
    let isNamed = false
    const { store, location, merges } = await merging(room, {
      before: (operation, path) => {
        if (!isMergedAside(path)) return
        if (operation === 'open') room.free = 1000
        if (operation === 'write') asideBytes += 256 * KiB
        if (operation === 'rename') isNamed = true
      },
    })
    await expect.poll(async () => (await merges()).failures, { timeout: 10_000 }).toBe(1)
    expect(asideBytes).toBeGreaterThan(1024 * KiB)
    expect(isNamed).toBe(false)
    expect(await asideIn(location)).toEqual([])
    expect((await store.getMessages('ann', { peer: 'bob 1' })).items).toHaveLength(1)
  },
)

test(
  'a merge that runs out of room leaves nothing behind, and is done again',
  {
    timeout,
  },
  async () => {
    let writes = 0
    let isFull = true
    const { store, location, merges } = await merging(
      { free: Infinity },
      {
        before: (operation, path) => {
          if (isFull && operation === 'write' && isMergedAside(path) && ++writes > 4)
            throw Object.assign(new Error('ENOSPC'), { code: 'ENOSPC', syscall: 'write' })
        },
      },
    )
    await expect.poll(async () => (await merges()).failures, { timeout: 10_000 }).toBe(1)
    expect(await asideIn(location)).toEqual([])
    isFull = false
    const merged = async (): Promise<number> => {
      await send(store, 1000 + writes++)
      await store.admin.checkpoint()
      return (await merges()).merges
    }
    await expect.poll(merged, { timeout: 10_000, interval: 20 }).toBe(1)
  },
)

test('a merge that a close stops leaves nothing behind', { timeout }, async () => {
  let writes = 0
  const { store, location } = await merging(
    { free: Infinity },
    { before: (operation, path) => void (operation === 'write' && isMergedAside(path) && writes++) },
  )
  await expect.poll(() => writes, { timeout: 10_000, interval: 1 }).toBeGreaterThan(2)
  await store.close()
  expect(await asideIn(location)).toEqual([])
})

import { fork } from 'node:child_process'
import { once } from 'node:events'
import { expect, onTestFinished, test } from 'vitest'
import type { MessageStore } from '../../src/api/message-store.js'
import type { LocalComponents } from '../../src/local/open-local-backend.js'
import { openClassicLevel } from '../../src/local/shards/classic-level-opener.js'
import type { ShardOpener } from '../../src/local/shards/shard-database.js'
import type { FileSystem } from '../../src/platform/file-system.js'
import { nodeFileSystem } from '../../src/platform/node-file-system.js'
import { fakeProcess } from '../fixtures/fake-process.js'
import { Gate } from '../fixtures/gate.js'
import { openLocalStore } from '../fixtures/local-store.js'
import { temporaryDirectory } from '../fixtures/temporary-directory.js'
import { rejectionOf } from '../fixtures/thrown-by.js'

// Processes in two containers see each other's lock file and cannot judge it: what decides is LevelDB's own lock.

const inContainer = (name: string) => fakeProcess({ pidNamespace: `pid:[${name}]` })

const open = (
  location: string,
  local: LocalComponents = {},
  fileSystem?: FileSystem,
): Promise<MessageStore> =>
  openLocalStore(location, { local, ...(fileSystem === undefined ? {} : { fileSystem }) })

async function inProcess(location: string): Promise<{ opened?: boolean; code?: string }> {
  const child = fork(new URL('../crash/store-opener.js', import.meta.url), [location])
  onTestFinished(() => void child.kill('SIGKILL'))
  const [answer] = (await once(child, 'message')) as [{ opened?: boolean; code?: string }]
  return answer
}

const send = (store: MessageStore, n: number) =>
  store.sendMessage({ sender: 'ann', receiver: 'ben', id: String(n), text: 'hello' })

const headOf = async (store: MessageStore) => (await store.getConversation('ben', { peer: 'ann' }))?.headSeq

/** Opens, and waits at the first call of this kind until told to go on. */
function openSlowly(location: string, operation: 'makeDirectory' | 'open', isIt: (path: string) => boolean) {
  const reached = new Gate()
  const goOn = new Gate()
  const wait = async (path: string): Promise<void> => {
    if (!isIt(path)) return
    reached.open()
    await goOn.opened
  }
  const disk: FileSystem = {
    ...nodeFileSystem,
    makeDirectory: async (path) => {
      if (operation === 'makeDirectory') await wait(path)
      await nodeFileSystem.makeDirectory(path)
    },
    open: async (path, mode) => {
      if (operation === 'open') await wait(path)
      return nodeFileSystem.open(path, mode)
    },
  }
  return { opening: open(location, { process: inContainer('one') }, disk), reached, goOn }
}

test('two containers create the same store at once: the one whose shards were there first has it', async () => {
  const location = await temporaryDirectory()
  const first = openSlowly(location, 'makeDirectory', (path) => path.endsWith('bodies'))
  await first.reached.opened
  expect(await inProcess(location)).toMatchObject({ code: 'LOCKED' })
  first.goOn.open()
  const store = await first.opening
  expect((await send(store, 1)).seq).toBe(1)
  await store.admin.checkpoint()
  await store.close()
  const again = await open(location)
  expect(await headOf(again)).toBe(1)
  expect(await again.admin.verify()).toMatchObject({ ok: true })
})

test.each([
  ['has seen no manifest', 'open', (path: string) => path.includes('MANIFEST.')],
  ['has made the first manifest', 'makeDirectory', (path: string) => path.endsWith('shards')],
] as const)(
  'another container makes, uses and closes the store while one that creates it %s: nothing is begun anew',
  async (_, operation, isIt) => {
    const location = await temporaryDirectory()
    const slow = openSlowly(location, operation, isIt)
    await slow.reached.opened
    const other = await open(location, { process: inContainer('two') })
    await send(other, 1)
    await other.admin.checkpoint()
    await other.close()
    slow.goOn.open()
    const store = await slow.opening
    expect(await headOf(store)).toBe(1)
    expect((await send(store, 2)).seq).toBe(2)
    expect(await store.admin.verify()).toMatchObject({ ok: true })
  },
)

test('another container uses and closes the store between a look at its manifest and the lock of its shards', async () => {
  const location = await temporaryDirectory()
  const tuning = { generationBytes: 1024, segmentBytes: 4096 }
  await (await open(location, { tuning })).close()
  const reached = new Gate()
  const goOn = new Gate()
  const opening = open(location, {
    tuning,
    process: inContainer('one'),
    opener: async (directory, options) => {
      reached.open()
      await goOn.opened
      return openClassicLevel(directory, options)
    },
  })
  await reached.opened
  const other = await open(location, { tuning, process: inContainer('two') })
  for (let n = 1; n <= 100; n++) await send(other, n)
  await other.admin.checkpoint()
  await other.close()
  goOn.open()
  const store = await opening
  expect(await headOf(store)).toBe(100)
  await store.close()
  expect(await headOf(await open(location))).toBe(100)
})

/** What LevelDB says as long as another process has locked the file. Two openings in one process do not see each other. */
const lockedLevel: ShardOpener = () =>
  Promise.reject(
    Object.assign(new Error('Database failed to open'), {
      code: 'LEVEL_DATABASE_NOT_OPEN',
      cause: Object.assign(new Error('IO error: lock: already held by process'), { code: 'LEVEL_LOCKED' }),
    }),
  )

test('who is refused changes nothing for a holder in another container that is just replacing its manifest', async () => {
  const location = await temporaryDirectory()
  const reached = new Gate()
  const goOn = new Gate()
  let isOpen = false
  const disk: FileSystem = {
    ...nodeFileSystem,
    rename: async (from, to) => {
      if (isOpen && from.endsWith('MANIFEST.new')) {
        reached.open()
        await goOn.opened
      }
      await nodeFileSystem.rename(from, to)
    },
  }
  const holder = await open(location, {}, disk)
  await send(holder, 1)
  isOpen = true
  const checkpoint = holder.admin.checkpoint()
  await reached.opened
  const foreign = { process: inContainer('two'), opener: lockedLevel }
  await expect(open(location, foreign)).rejects.toMatchObject({ code: 'LOCKED' })
  goOn.open()
  await checkpoint
  expect((await send(holder, 2)).seq).toBe(2)
})

test('a holder that closes while somebody in another container tries to open can open again', async () => {
  const location = await temporaryDirectory()
  const here = { process: inContainer('one') }
  const holder = await open(location, here)
  await send(holder, 1)
  const reached = new Gate()
  const goOn = new Gate()
  const opening = open(location, {
    process: inContainer('two'),
    opener: async (directory, options) => {
      reached.open()
      await goOn.opened
      return lockedLevel(directory, options)
    },
  })
  const refusal = rejectionOf(opening)
  await reached.opened
  await holder.close()
  goOn.open()
  expect(await refusal).toMatchObject({ code: 'LOCKED' })
  expect(await nodeFileSystem.list(location)).toContain('LOCK.json')
  expect(await headOf(await open(location, here))).toBe(1)
})

import { mkdir, rename as move, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { MessageStore } from '../../src/api/message-store.js'
import type { Manifest } from '../../src/formats/manifest.js'
import { ManifestFile, newManifest } from '../../src/local/manifest-file.js'
import { openClassicLevel } from '../../src/local/shards/classic-level-opener.js'
import type { ShardOpener } from '../../src/local/shards/shard-database.js'
import type { FileSystem } from '../../src/platform/file-system.js'
import { nodeFileSystem } from '../../src/platform/node-file-system.js'
import { systemRandom } from '../../src/platform/random.js'
import { fakeProcess } from '../fixtures/fake-process.js'
import { Gate } from '../fixtures/gate.js'
import { openLocalStore } from '../fixtures/local-store.js'
import { temporaryDirectory } from '../fixtures/temporary-directory.js'
import { repair } from './repair/damaged-store.js'

const open = (
  location: string,
  container: string,
  fileSystem: FileSystem = nodeFileSystem,
  opener: ShardOpener = openClassicLevel,
  shards = 2,
): Promise<MessageStore> =>
  openLocalStore(location, {
    settings: { shards },
    fileSystem,
    local: { process: fakeProcess({ pidNamespace: `pid:[${container}]` }), opener },
  })

test('two containers go on with an interrupted creation whose LevelDB cannot be opened: what the one acknowledges is there', async () => {
  const location = await temporaryDirectory()
  await new ManifestFile(nodeFileSystem, location).create(
    newManifest(systemRandom, 1, { shards: 2, virtualNodes: 16 }),
  )
  const shard = join(location, 'shards', '0000')
  await mkdir(shard, { recursive: true })
  await writeFile(join(shard, 'CURRENT'), 'MANIFEST-000099\n')
  const [reached, goOn] = [new Gate(), new Gate()]
  let opens = 0
  const slow = open(
    location,
    'b',
    {
      ...nodeFileSystem,
      stat: async (path) => {
        if (path.endsWith('CURRENT')) {
          reached.open()
          await goOn.opened
        }
        return nodeFileSystem.stat(path)
      },
    },
    (directory, options) =>
      // What another process would hear of LevelDB's lock; within one the handle is shared.
      opens++ === 0
        ? openClassicLevel(directory, options)
        : Promise.reject(Object.assign(new Error('IO error: lock'), { code: 'LEVEL_LOCKED' })),
  )
  slow.catch(() => undefined)
  await reached.opened
  const store = await open(location, 'a')
  goOn.open()
  await expect(slow).rejects.toMatchObject({ code: 'LOCKED' })
  await store.sendMessage({ sender: 'ann', receiver: 'ben', text: 'acknowledged' })
  await store.admin.checkpoint()
  await store.close()
  const again = await open(location, 'a')
  expect((await again.getConversation('ben', { peer: 'ann' }))?.headSeq).toBe(1)
})

test('two containers create one store with different numbers of shards: nobody gets one that would not open again', async () => {
  const location = await temporaryDirectory()
  const [atRename, rename, atSync, sync] = [new Gate(), new Gate(), new Gate(), new Gate()]
  let renamed = false
  const slowB: FileSystem = {
    ...nodeFileSystem,
    rename: async (from, to) => {
      if (!to.endsWith('/MANIFEST') || renamed) return nodeFileSystem.rename(from, to)
      renamed = true
      atRename.open()
      await rename.opened
      await nodeFileSystem.rename(from, to)
    },
    syncDirectory: async (path) => {
      if (renamed && path === location) {
        atSync.open()
        await sync.opened
      }
      await nodeFileSystem.syncDirectory(path)
    },
  }
  const b = open(location, 'b', slowB)
  await atRename.opened
  const [atLast, last] = [new Gate(), new Gate()]
  const a = open(
    location,
    'a',
    {
      ...nodeFileSystem,
      makeDirectory: async (path) => {
        if (path.endsWith('0003')) {
          atLast.open()
          await last.opened
        }
        await nodeFileSystem.makeDirectory(path)
      },
    },
    undefined,
    4,
  )
  await atLast.opened
  rename.open()
  await atSync.opened
  last.open()
  await expect(a).rejects.toMatchObject({ code: 'INCOMPATIBLE' })
  sync.open()
  await expect(b).rejects.toMatchObject({ code: 'CORRUPT' })
})

test.each(['the log', 'the body files', 'nothing else'])(
  'a store that has got its first manifest back is refused and not emptied; beside its shards it has %s',
  async (left) => {
    const location = await temporaryDirectory()
    let store = await open(location, 'a')
    const sent = await store.sendMessage({ sender: 'ann', receiver: 'ben', text: 'kept', id: 'one' })
    await store.close()
    const file = new ManifestFile(nodeFileSystem, location)
    const manifest = (await file.read()) as Manifest
    await file.replace({ ...manifest, created: false, clean: false, checkpoint: 0, lastTimestamp: 0 })
    if (left !== 'the log') await move(join(location, 'log'), join(location, 'away'))
    if (left !== 'the body files') await move(join(location, 'bodies'), join(location, 'gone'))
    await expect(open(location, 'a')).rejects.toMatchObject({ code: 'CORRUPT' })
    if (left !== 'the log') await rm(join(location, 'log'), { recursive: true, force: true })
    if (left !== 'the body files') await rm(join(location, 'bodies'), { recursive: true, force: true })
    if (left !== 'the log') await move(join(location, 'away'), join(location, 'log'))
    if (left !== 'the body files') await move(join(location, 'gone'), join(location, 'bodies'))
    expect(await repair(location)).toMatchObject({ outcome: 'repaired', lost: [] })
    store = await open(location, 'a')
    const again = await store.sendMessage({ sender: 'ann', receiver: 'ben', text: 'kept', id: 'one' })
    expect(again).toEqual({ ...sent, duplicate: true })
    await store.close()
  },
)

test('where no store was ever open there is nothing to repair', async () => {
  const location = await temporaryDirectory()
  await new ManifestFile(nodeFileSystem, location).create(
    newManifest(systemRandom, 1, { shards: 2, virtualNodes: 16 }),
  )
  await expect(repair(location)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
})

import { cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import type { VerifyReport } from '../../../src/backend/port.js'
import { systemComponents } from '../../../src/cli/system-components.js'
import { checksum } from '../../../src/formats/checksum.js'
import { ManifestFile } from '../../../src/local/manifest-file.js'
import { verifyTables } from '../../../src/local/offline-repair/verify-tables.js'
import { holdLevel } from '../../../src/local/shards/level-holder.js'
import type { FileSystem } from '../../../src/platform/file-system.js'
import { nodeFileSystem } from '../../../src/platform/node-file-system.js'
import { systemError } from '../../../src/simulation/simulated-disk.js'
import { interferedFileSystem } from '../../fixtures/failing-file-system.js'
import { copyOf } from '../repair/damaged-store.js'
import { makeSample, openSample } from './sample-store.js'

let sample: string
beforeAll(async () => {
  sample = await makeSample()
})
afterAll(() => rm(sample, { recursive: true, force: true }))

const copyOfSample = (): Promise<string> => copyOf(sample)

function tablesOf(location: string, fileSystem: FileSystem = nodeFileSystem): Promise<VerifyReport> {
  return verifyTables(location, { ...systemComponents, fileSystem })
}

/** The real disk, on which tables are gone as soon as something has happened, as those are that a compaction has merged. */
function tablesGoneAfter(happens: () => Promise<unknown>): FileSystem {
  return {
    ...nodeFileSystem,
    open: async (path, mode) => {
      if (!path.endsWith('.ldb')) return nodeFileSystem.open(path, mode)
      await happens()
      throw Object.assign(new Error(`ENOENT: no such file or directory, open '${path}'`), { code: 'ENOENT' })
    },
  }
}

const nothing = (): Promise<void> => Promise.resolve()

describe('a store that somebody in another container has open is LOCKED, whatever its tables look like', () => {
  /** Their lock, of which nobody here can tell whether they are alive. */
  const theirs = `${JSON.stringify({
    pid: 1,
    startTime: '1',
    bootId: null,
    pidNamespace: 'pid:[1]',
    hostname: 'container',
    thread: 0,
    since: 1,
    nonce: '00000000000000aa',
  })}\n`
  const locked = { code: 'LOCKED', details: { hostname: 'container' } }
  const lockIn = (location: string): string => join(location, 'LOCK.json')
  const open = async (location: string): Promise<void> => {
    const level = await holdLevel(join(location, 'shards', '0001'))
    onTestFinished(() => level?.close())
  }

  test('when it begins: no table is read, and they have their lock back', async () => {
    const location = await copyOfSample()
    await open(location)
    await writeFile(lockIn(location), theirs)
    let isRead = false
    const fileSystem = tablesGoneAfter(async () => void (isRead = true))
    await expect(tablesOf(location, fileSystem)).rejects.toMatchObject(locked)
    expect(isRead).toBe(false)
    expect(JSON.parse(await readFile(lockIn(location), 'utf8'))).toEqual(JSON.parse(theirs))
  })

  test('when they come while tables are read, with a lock that was there before', async () => {
    const location = await copyOfSample()
    await writeFile(lockIn(location), theirs)
    let comes: Promise<void> | null = null
    const fileSystem = tablesGoneAfter(() => (comes ??= open(location)))
    await expect(tablesOf(location, fileSystem)).rejects.toMatchObject(locked)
  })

  test('when they take the lock over while tables are read', async () => {
    const location = await copyOfSample()
    const fileSystem = tablesGoneAfter(() => writeFile(lockIn(location), theirs))
    await expect(tablesOf(location, fileSystem)).rejects.toMatchObject({ code: 'LOCKED' })
    expect(await readFile(lockIn(location), 'utf8')).toBe(theirs)
  })

  test('but not when they are gone: then a table that is missing is damaged', async () => {
    const location = await copyOfSample()
    await writeFile(lockIn(location), theirs)
    expect(await tablesOf(location)).toMatchObject({ ok: true })
    expect(await tablesOf(location, tablesGoneAfter(nothing))).toMatchObject({ ok: false })
  })
})

describe('with a damaged table: what opening says comes first', () => {
  async function damagedTable(location: string, shard = '0000'): Promise<void> {
    const directory = join(location, 'shards', shard)
    for (const name of await readdir(directory))
      if (name.endsWith('.ldb')) await writeFile(join(directory, name), 'damaged')
  }

  async function changeManifest(location: string, change: (bytes: Buffer) => void): Promise<void> {
    const path = join(location, 'MANIFEST')
    const bytes = await readFile(path)
    change(bytes)
    await writeFile(path, bytes)
  }

  const refusals: Record<string, readonly [code: string, make: (location: string) => Promise<void>]> = {
    'a repair was interrupted': [
      'CORRUPT',
      async (location) => {
        await mkdir(join(location, 'repair.new'))
        await writeFile(join(location, 'repair.new', 'REPORT.json'), '{}')
      },
    ],
    'the manifest is newer': [
      'INCOMPATIBLE',
      (location) =>
        changeManifest(location, (bytes) => {
          bytes.writeUInt32LE(99, 8)
          bytes.writeUInt32LE(checksum(bytes.subarray(0, -4)), bytes.length - 4)
        }),
    ],
    'the manifest is damaged': [
      'CORRUPT',
      (location) => changeManifest(location, (bytes) => void bytes.fill(1, 20, 30)),
    ],
    'the manifest is missing': ['CORRUPT', (location) => rm(join(location, 'MANIFEST'))],
  }
  test.each(Object.keys(refusals))('%s', async (name) => {
    const location = await copyOfSample()
    await damagedTable(location)
    expect(await tablesOf(location)).toMatchObject({ ok: false })
    const [code, make] = refusals[name]!
    await make(location)
    const refused = (await openSample(location).catch((error: unknown) => error)) as Error
    expect(refused).toMatchObject({ code })
    await expect(tablesOf(location)).rejects.toMatchObject({ code, message: refused.message })
  })

  test('a shard that the manifest does not know is left to the opening, which refuses it', async () => {
    const location = await copyOfSample()
    const shards = join(location, 'shards')
    await cp(join(shards, '0000'), join(shards, '0002'), { recursive: true })
    await damagedTable(location, '0002')
    expect(await tablesOf(location)).toMatchObject({ ok: true })
    await expect(openSample(location)).rejects.toThrow('one too many')
  })

  test('shards of a store that was never open are left to the opening, which makes them anew', async () => {
    const location = await copyOfSample()
    for (const name of ['log', 'bodies']) await rm(join(location, name), { recursive: true })
    const file = new ManifestFile(nodeFileSystem, location)
    await file.replace({ ...(await file.read())!, created: false })
    await damagedTable(location)
    expect(await tablesOf(location)).toMatchObject({ ok: true })
  })
})

test.each([
  ['EACCES', 'LOCK.claim', 'INVALID_ARGUMENT', /^location may not be read and written by this process/],
  ['EROFS', 'LOCK.claim', 'INVALID_ARGUMENT', /^location lies on a file system that cannot be written/],
  ['ENOSPC', 'LOCK.claim', 'NO_SPACE', /the disk is full/],
  ['EACCES', '.ldb', 'INVALID_ARGUMENT', /owner and mode/],
])('%s of %s is said as by an opening: %s', async (system, part, code, message) => {
  const location = await copyOfSample()
  const fileSystem = interferedFileSystem(nodeFileSystem, {
    before: (operation, path) => {
      if (operation === 'open' && path.includes(part)) throw systemError(system, 'open', path)
    },
  })
  await expect(tablesOf(location, fileSystem)).rejects.toMatchObject({
    code,
    message: expect.stringMatching(message) as unknown,
    cause: { code: system },
  })
  expect(await readdir(location)).toEqual(await readdir(sample))
})

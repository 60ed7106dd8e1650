import { mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { LockRecord } from '../../../src/formats/lock-record.js'
import { StoreLock } from '../../../src/local/store-lock/store-lock.js'
import { systemClock } from '../../../src/platform/clock.js'
import { nodeFileSystem } from '../../../src/platform/node-file-system.js'
import type { ProcessIdentity } from '../../../src/platform/process-identity.js'
import { systemRandom } from '../../../src/platform/random.js'
import { fakeProcess } from '../../fixtures/fake-process.js'
import { temporaryDirectory } from '../../fixtures/temporary-directory.js'
import { rejectionOf } from '../../fixtures/thrown-by.js'

const acquire = (directory: string, process: ProcessIdentity) =>
  StoreLock.acquire({
    directory,
    fileSystem: nodeFileSystem,
    clock: systemClock,
    random: systemRandom,
    process,
  })

const readLock = async (directory: string): Promise<LockRecord> =>
  JSON.parse(await readFile(join(directory, 'LOCK.json'), 'utf8')) as LockRecord

/** All names and contents. */
async function everythingIn(directory: string): Promise<Record<string, string>> {
  const names = await readdir(directory)
  const contents = await Promise.all(names.map((name) => readFile(join(directory, name), 'utf8')))
  return Object.fromEntries(names.map((name, index) => [name, contents[index]!]))
}

test('taken, released, taken again', async () => {
  const directory = await temporaryDirectory()
  const self = fakeProcess()
  for (let round = 0; round < 3; round++) {
    const lock = await acquire(directory, self)
    expect(lock.replaced).toBeNull()
    expect(await lock.isHeld()).toBe(true)
    expect(await readLock(directory)).toMatchObject({ pid: self.pid, hostname: self.hostname, thread: 0 })
    await lock.release()
    expect(await readdir(directory)).toEqual([])
    expect(self.registry.size).toBe(0)
  }
})

test('a second time in one isolate: LOCKED, by whatever path, also when both are tried at once', async () => {
  const directory = await temporaryDirectory()
  const self = fakeProcess()
  const link = join(await temporaryDirectory(), 'link')
  await symlink(directory, link)
  const tries = await Promise.allSettled([
    acquire(directory, self),
    acquire(link, self),
    acquire(directory, self),
  ])
  expect(tries.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
  const error = await rejectionOf(acquire(link, self))
  expect(error).toMatchObject({
    code: 'LOCKED',
    kind: 'unavailable',
    details: { pid: self.pid, hostname: self.hostname, since: expect.any(Number), thread: 0 },
  })
})

test('another running process, or another thread of this one: LOCKED, and the directory is as it was', async () => {
  const directory = await temporaryDirectory()
  const holder = fakeProcess({ pid: 41, hostname: 'one' })
  const lock = await acquire(directory, holder)
  const before = await everythingIn(directory)
  for (const other of [fakeProcess({ pid: 42, alive: { 41: '100' } }), fakeProcess({ pid: 41 })]) {
    expect(await rejectionOf(acquire(directory, other))).toMatchObject({
      code: 'LOCKED',
      details: { pid: 41, hostname: 'one' },
    })
    expect(await everythingIn(directory)).toEqual(before)
    expect(other.registry.size).toBe(0)
  }
  expect(await lock.isHeld()).toBe(true)
})

describe('what a process that is gone has left is taken over', () => {
  test.each([
    ['it is not running', {}],
    ['its number belongs to another process', { alive: { 41: '999' } }],
    ['the machine was started again', { bootId: 'boot 2', alive: { 41: '100' } }],
    ['it was in another container', { pidNamespace: 'pid:[2]', alive: { 41: '100' } }],
  ])('%s', async (_, world) => {
    const directory = await temporaryDirectory()
    await acquire(directory, fakeProcess({ pid: 41 }))
    const left = await readLock(directory)
    const lock = await acquire(directory, fakeProcess({ pid: 42, ...world }))
    expect(lock.replaced).toEqual(left)
    expect(await readLock(directory)).toMatchObject({ pid: 42 })
    expect(await readdir(directory)).toEqual(['LOCK.json'])
    await lock.release({ giveBack: true })
    expect(await everythingIn(directory)).toEqual({ 'LOCK.json': `${JSON.stringify(left, null, 2)}\n` })
  })
})

describe('without /proc', () => {
  const blind = { startTime: null, bootId: null, pidNamespace: null }

  test('a number that is in use counts as the holder', async () => {
    const directory = await temporaryDirectory()
    await acquire(directory, fakeProcess({ pid: 41, ...blind }))
    const other = fakeProcess({ pid: 42, ...blind, alive: { 41: 'whatever' } })
    expect(await rejectionOf(acquire(directory, other))).toMatchObject({ code: 'LOCKED' })
  })

  test('one that is not in use is gone', async () => {
    const directory = await temporaryDirectory()
    await acquire(directory, fakeProcess({ pid: 41, ...blind }))
    expect((await acquire(directory, fakeProcess({ pid: 42, ...blind }))).replaced).toMatchObject({ pid: 41 })
  })
})

test.each(['', '{', '[]', 'null', '{"pid":1}', 'x'.repeat(20_000)])(
  'a lock that cannot be read (%#) may be one: LOCKED, with the way out',
  async (content) => {
    const directory = await temporaryDirectory()
    await writeFile(join(directory, 'LOCK.json'), content)
    const error = await rejectionOf(acquire(directory, fakeProcess()))
    expect(error).toMatchObject({ code: 'LOCKED', details: { file: join(directory, 'LOCK.json') } })
    expect(String(error)).toContain('remove it')
    expect(await everythingIn(directory)).toEqual({ 'LOCK.json': content })
  },
)

test('one that was removed or replaced by hand is not held any more, and releasing leaves the other alone', async () => {
  const directory = await temporaryDirectory()
  const lock = await acquire(directory, fakeProcess())
  const other = JSON.stringify({ ...(await readLock(directory)), nonce: '0123456789abcdef' })
  await writeFile(join(directory, 'LOCK.json'), other)
  expect(await lock.isHeld()).toBe(false)
  await lock.release()
  expect(await everythingIn(directory)).toEqual({ 'LOCK.json': other })
})

test('a directory that is not there is an error, and nothing stays registered', async () => {
  const self = fakeProcess()
  await expect(acquire(join(await temporaryDirectory(), 'none'), self)).rejects.toThrow('ENOENT')
  expect(self.registry.size).toBe(0)
})

test('a failing disk leaves nothing registered, and no claim that counts', async () => {
  const directory = await temporaryDirectory()
  const self = fakeProcess()
  await mkdir(join(directory, 'LOCK.json'))
  await expect(acquire(directory, self)).rejects.toThrow('EISDIR')
  expect(self.registry.size).toBe(0)
  expect(await readdir(directory)).toEqual(['LOCK.json'])
})

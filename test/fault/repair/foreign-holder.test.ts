import { fork } from 'node:child_process'
import { once } from 'node:events'
import { readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import type { FileSystem } from '../../../src/platform/file-system.js'
import { nodeFileSystem } from '../../../src/platform/node-file-system.js'
import { systemProcess } from '../../../src/platform/process-identity.js'
import { makeSample } from '../verify/sample-store.js'
import { ShardEdit } from '../verify/shard-edit.js'
import { copyOf, repair, seenIn } from './damaged-store.js'

const opener = new URL('../../crash/store-opener.js', import.meta.url)
/** What says who they are to a process in another container: nothing. */
const elsewhere = { pidNamespace: 'pid:[1]', hostname: 'container' }
const container = { ...systemProcess, ...elsewhere, registry: new Map<string, unknown>() }

let sample: string
let whole: unknown
beforeAll(async () => {
  sample = await makeSample()
  whole = await seenIn(sample)
})
afterAll(() => rm(sample, { recursive: true, force: true }))

/** A store that opens and works, and has a damaged row or not. */
async function storeWith(damaged: boolean): Promise<string> {
  const location = await copyOf(sample)
  if (damaged)
    await ShardEdit.of(location, async (shards) => {
      const [row] = await shards.rows(({ family }) => family === 'changes')
      if (row !== undefined) await shards.putRaw(row, Buffer.from('damaged'))
    })
  return location
}

/** A process that has the store open, in another container as its lock says it. */
async function holderOf(location: string): Promise<{ lock: string; end: () => Promise<void> }> {
  const child = fork(opener, [location])
  onTestFinished(() => void child.kill('SIGKILL'))
  const [answer] = (await once(child, 'message')) as [unknown]
  expect(answer).toEqual({ opened: true })
  const path = join(location, 'LOCK.json')
  const record = JSON.parse(await readFile(path, 'utf8')) as object
  const lock = `${JSON.stringify({ ...record, ...elsewhere }, null, 2)}\n`
  await writeFile(path, lock)
  const end = async (): Promise<void> => {
    const gone = once(child, 'exit')
    child.kill('SIGKILL')
    await gone
  }
  return { lock, end }
}

/** The real disk, on which something happens right before this changes its name. */
function beforeRenaming(path: string, happens: () => Promise<void>): FileSystem {
  const rename = async (from: string, to: string): Promise<void> => {
    if (from === path) await happens()
    await nodeFileSystem.rename(from, to)
  }
  return { ...nodeFileSystem, rename }
}

const lockIn = (location: string): Promise<string> => readFile(join(location, 'LOCK.json'), 'utf8')

test.each([true, false])(
  'a store that somebody in another container has open is not repaired, and stays theirs (damaged: %s)',
  async (damaged) => {
    const location = await storeWith(damaged)
    const { lock, end } = await holderOf(location)
    const { ino } = await stat(join(location, 'shards', '0000'))
    const details = { hostname: 'container' }
    await expect(repair(location)).rejects.toMatchObject({ code: 'LOCKED', details })
    expect(await lockIn(location)).toBe(lock)
    expect((await stat(join(location, 'shards', '0000'))).ino).toBe(ino)
    expect(await readdir(location)).not.toContainEqual(expect.stringMatching(/^repair/))
    await end()
    // What they left can be told from what they have: nobody has LevelDB's lock any more.
    expect((await repair(location)).outcome).toBe(damaged ? 'repaired' : 'whole')
    expect(await seenIn(location)).toEqual(whole)
  },
)

test('who opens the store during a repair keeps it: the repair gives up before anything changes places', async () => {
  const location = await storeWith(true)
  const theirs = JSON.stringify({ ...elsewhere, pid: 1, startTime: '1', bootId: null, thread: 0, since: 1 })
  const record = `${theirs.slice(0, -1)},"nonce":"00000000000000aa"}`
  const { ino } = await stat(join(location, 'shards', '0000'))
  const fileSystem = beforeRenaming(join(location, 'repair.new', 'REPORT.json.tmp'), () =>
    writeFile(join(location, 'LOCK.json'), record),
  )
  await expect(repair(location, fileSystem)).rejects.toMatchObject({ code: 'LOCKED' })
  expect(await lockIn(location)).toBe(record)
  expect((await stat(join(location, 'shards', '0000'))).ino).toBe(ino)
  expect(await readdir(location)).not.toContainEqual(expect.stringMatching(/^repair/))
  expect(await repair(location)).toMatchObject({ outcome: 'repaired', lost: [] })
  expect(await seenIn(location)).toEqual(whole)
})

test('while a repair changes the parts, a second one in another container is refused', async () => {
  const location = await storeWith(true)
  const refused: unknown[] = []
  const fileSystem = beforeRenaming(join(location, 'shards'), async () => {
    refused.push(await repair(location, nodeFileSystem, container).catch((error: unknown) => error))
  })
  expect(await repair(location, fileSystem)).toMatchObject({ outcome: 'repaired', lost: [] })
  expect(refused).toMatchObject([{ code: 'LOCKED', details: { pid: process.pid } }])
  expect(await seenIn(location)).toEqual(whole)
})

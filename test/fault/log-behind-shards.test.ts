import { mkdir, readdir, readFile, rm, truncate } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { MessageStore } from '../../src/api/message-store.js'
import { nodeFileSystem } from '../../src/platform/node-file-system.js'
import { copyOfKilled } from '../fixtures/copy-of-killed.js'
import { interferedFileSystem } from '../fixtures/failing-file-system.js'
import { openLocalStore } from '../fixtures/local-store.js'
import { temporaryDirectory } from '../fixtures/temporary-directory.js'

const tuning = {
  generationBytes: 1024,
  segmentBytes: 1 << 20,
  checkpointBytes: 1 << 30,
  tidyFiles: Infinity,
  flushThread: false,
}
/** No checkpoint is made but where it is asked for. */
const neverChecked = { settings: { cacheBytes: 0, cacheTierSize: 2 }, local: { tuning } }

/** What the log has in its last segment behind this many bytes is gone: a tail that was lost, or damaged. */
async function cutLog(location: string, keep: (bytes: Buffer) => number): Promise<void> {
  const names = (await readdir(join(location, 'log')))
    .filter((name) => /^segment-\d+\.log$/.test(name))
    .sort()
  const path = join(location, 'log', names.at(-1) as string)
  await truncate(path, keep(await readFile(path)))
}

const endsTooEarly = { code: 'CORRUPT', message: expect.stringMatching(/the log ends at record/) }

/** Texts that are somewhere in the body files. */
async function textsIn(location: string): Promise<number> {
  const found = new Set<string>()
  for (const name of await readdir(join(location, 'bodies'))) {
    const bytes = await readFile(join(location, 'bodies', name), 'latin1')
    for (const [text] of bytes.matchAll(/old \d+ (?=old)/g)) found.add(text)
  }
  return found.size
}

async function talk(store: MessageStore): Promise<void> {
  for (let i = 0; i < 60; i++)
    await store.sendMessage({ sender: 'ann', receiver: 'ben', id: `old ${i}`, text: `old ${i} `.repeat(8) })
}

test('a log that ends before what body files have is CORRUPT, and nothing of them is written over', async () => {
  const location = await temporaryDirectory()
  const first = await openLocalStore(location, neverChecked)
  await talk(first)
  // All but the last generation are flushed; no checkpoint says so.
  await expect.poll(async () => (await readdir(join(location, 'bodies'))).length).toBeGreaterThan(4)
  const crashed = await copyOfKilled(location)
  await first.close()
  await cutLog(crashed, (bytes) => bytes.indexOf('old 20 '))
  const before = await textsIn(crashed)
  await expect(openLocalStore(crashed, neverChecked)).rejects.toMatchObject(endsTooEarly)
  expect(await textsIn(crashed)).toBe(before)
})

test('a log that ends before the checkpoint that a shard has is CORRUPT', async () => {
  const location = await temporaryDirectory()
  let fails = false
  const disk = interferedFileSystem(nodeFileSystem, {
    before: (operation, path) => {
      if (fails && operation === 'rename' && path.endsWith('MANIFEST.new'))
        throw Object.assign(new Error('EIO'), { code: 'EIO' })
    },
  })
  const first = await openLocalStore(location, { ...neverChecked, fileSystem: disk })
  await talk(first)
  fails = true
  await expect(first.admin.checkpoint()).rejects.toMatchObject({ code: 'POISONED' })
  await first.close().catch(() => undefined)
  await rm(join(location, 'bodies'), { recursive: true })
  await mkdir(join(location, 'bodies'))
  await cutLog(location, (bytes) => bytes.indexOf('old 20 '))
  await expect(openLocalStore(location, neverChecked)).rejects.toMatchObject(endsTooEarly)
})

import { cp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { type LocalMessageStore, MessageStore } from '../../src/api/message-store.js'
import { bodyFileName, cutOf, levelOf, parseBodyFileName } from '../../src/formats/body-file.js'
import { resolveLimits } from '../../src/limits.js'
import { openLocalBackend } from '../../src/local/open-local-backend.js'
import type { LocalTuning } from '../../src/local/tuning.js'
import { systemClock } from '../../src/platform/clock.js'
import type { FileSystem } from '../../src/platform/file-system.js'
import { nodeFileSystem } from '../../src/platform/node-file-system.js'
import { systemRandom } from '../../src/platform/random.js'
import { Gate } from '../fixtures/gate.js'
import { temporaryDirectory } from '../fixtures/temporary-directory.js'

const limits = resolveLimits()

interface Parts {
  readonly fileSystem?: FileSystem
  readonly tuning?: Partial<LocalTuning>
}

/** A store with many small body files, and what its logger was warned of. */
async function open(location: string, { fileSystem = nodeFileSystem, tuning }: Parts) {
  const warnings: unknown[] = []
  const settings = { location, shards: 2, virtualNodes: 16, cacheBytes: 0, cacheTierSize: 2, syncEveryMs: 0 }
  const logger = {
    info: () => undefined,
    warn: (_: string, facts: unknown) => void warnings.push(facts),
    error: () => undefined,
  }
  const components = { clock: systemClock, random: systemRandom, fileSystem, logger, metrics: undefined }
  const backend = await openLocalBackend({ ...settings, limits }, components, {
    tuning: {
      generationBytes: 1024,
      segmentBytes: 8192,
      checkpointBytes: 2048,
      tidyFiles: 3,
      tidyAfterMs: 0,
      tidyRestMs: 0,
      ...tuning,
    },
  })
  const store = new MessageStore(backend, { limits, clock: systemClock, usersMode: 'open' })
  onTestFinished(() => store.close().catch(() => undefined))
  return { store, warnings }
}

async function send(store: LocalMessageStore, count: number): Promise<void> {
  for (let i = 0; i < count; i++)
    await store.sendMessage({
      sender: 'ann',
      receiver: i % 2 === 0 ? 'ben' : 'cem',
      text: `message ${i} `.repeat(5),
    })
}

const filesIn = async (location: string): Promise<number[]> =>
  (await readdir(join(location, 'bodies')))
    .map(parseBodyFileName)
    .filter((file) => file !== null)
    .sort((a, b) => cutOf(a) - cutOf(b))

/** In its last block. */
async function damage(location: string, file: number): Promise<void> {
  const path = join(location, 'bodies', bodyFileName(file))
  const bytes = await readFile(path)
  bytes[bytes.length - 5]! ^= 1
  await writeFile(path, bytes)
}

const tidied = async (store: LocalMessageStore) => (await store.admin.stats()).bodies

async function checkpoints(store: LocalMessageStore, count: number): Promise<void> {
  for (let i = 0; i < count; i++) {
    await store.admin.checkpoint()
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
}

/** What a crash leaves of a merge before its rows are swapped, or when they are proven and no file has gone. */
async function unfinishedMerge(moment: 'before the swap' | 'behind it'): Promise<string> {
  const location = await temporaryDirectory()
  const crashed = await temporaryDirectory()
  const goOn = new Gate()
  let isReached = false
  const wait = async (): Promise<void> => {
    isReached = true
    await goOn.opened
  }
  const fileSystem: FileSystem = {
    ...nodeFileSystem,
    rename: async (from, to) => {
      await nodeFileSystem.rename(from, to)
      if (moment === 'before the swap' && /\/01[0-9a-f]+\.bodies$/.test(to)) await wait()
    },
    unlink: async (path) => {
      if (moment === 'behind it' && path.endsWith('.bodies')) await wait()
      await nodeFileSystem.unlink(path)
    },
  }
  const { store } = await open(location, { fileSystem })
  while (!isReached) await send(store, 10)
  // From here on nothing moves, so that it can be copied.
  await store.admin.checkpoint()
  await cp(location, crashed, { recursive: true })
  goOn.open()
  await store.close()
  await rm(join(crashed, 'LOCK.json'))
  return crashed
}

test('a damaged block of a merged file whose inputs are still there: verify reports it, and the tidy tries it once', async () => {
  const location = await unfinishedMerge('behind it')
  const merged = (await filesIn(location)).find((file) => levelOf(file) > 0) as number
  await damage(location, merged)
  const { store, warnings } = await open(location, { tuning: { tidyAfterMs: 1_000_000 } })
  for (let time = 1; time <= 2; time++) {
    const { findings } = await store.admin.verify()
    expect(findings.map(({ what, where }) => `${what}: ${where}`).join('; ')).toContain(
      `damaged block: ${bodyFileName(merged)}`,
    )
  }
  const place = { code: 'CORRUPT', file: bodyFileName(merged), offset: expect.any(Number) }
  expect(warnings).toEqual([place])
  await send(store, 5)
  await checkpoints(store, 6)
  expect(await tidied(store)).toMatchObject({ merges: 0, failures: 1 })
  expect(await filesIn(location)).toContain(merged)
})

test('a merged file that is damaged before rows point to it costs nothing: they keep the files that they had', async () => {
  const location = await unfinishedMerge('before the swap')
  const merged = (await filesIn(location)).find((file) => levelOf(file) > 0) as number
  await damage(location, merged)
  const { store, warnings } = await open(location, { tuning: { tidyAfterMs: 1_000_000 } })
  expect((await store.admin.verify()).findings).toEqual([])
  expect(warnings).toHaveLength(1)
})

test('a file with a damaged block is tried once; older files and smaller ones are merged all the same', async () => {
  const location = await temporaryDirectory()
  const first = await open(location, { tuning: { tidyFiles: Infinity } })
  await send(first.store, 120)
  await first.store.close()
  const before = await filesIn(location)
  expect(before.length).toBeGreaterThan(12)
  const bad = before[7] as number
  await damage(location, bad)
  const { store, warnings } = await open(location, {})
  await expect
    .poll(async () => (await checkpoints(store, 1), warnings.length), { timeout: 20_000 })
    .toBeGreaterThan(0)
  await checkpoints(store, 20)
  expect(warnings).toEqual([{ code: 'CORRUPT', file: bodyFileName(bad), offset: expect.any(Number) }])
  const { merges, failures } = await tidied(store)
  expect(failures).toBe(1)
  expect(merges).toBeGreaterThan(0)
  const files = await filesIn(location)
  expect(files.slice(files.indexOf(bad))).toEqual(expect.arrayContaining(before.slice(7)))
  expect(files.map(levelOf)).toEqual(files.map(levelOf).toSorted((a, b) => b - a))
  const { findings } = await store.admin.verify()
  expect(findings.map(({ where }) => where).join('; ')).toContain(bodyFileName(bad))
})

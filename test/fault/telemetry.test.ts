import { expect, onTestFinished, test } from 'vitest'
import { MessageStore } from '../../src/api/message-store.js'
import { openMessageStore } from '../../src/api/open.js'
import type { Logger, Metrics } from '../../src/backend/settings.js'
import { resolveLimits } from '../../src/limits.js'
import { openLocalBackend } from '../../src/local/open-local-backend.js'
import { counted, observed, Telemetry } from '../../src/local/telemetry.js'
import { ManualClock } from '../../src/model-checking/manual-clock.js'
import { systemClock } from '../../src/platform/clock.js'
import { nodeFileSystem } from '../../src/platform/node-file-system.js'
import { systemRandom } from '../../src/platform/random.js'
import { interferedFileSystem } from '../fixtures/failing-file-system.js'
import { readSource } from '../repository/modules.js'
import { temporaryDirectory } from '../fixtures/temporary-directory.js'

/** Keeps what it is told. */
class Gathered implements Metrics {
  readonly counts = new Map<string, number>()
  readonly values = new Map<string, number[]>()

  count(name: string, by: number): void {
    this.counts.set(name, (this.counts.get(name) ?? 0) + by)
  }

  observe(name: string, value: number): void {
    this.values.set(name, [...(this.values.get(name) ?? []), value])
  }
}

const message = (n: number) => ({ sender: 'ann', receiver: 'bob', id: String(n), text: 'x'.repeat(200) })

test('metrics hear of commits, flushes and checkpoints', async () => {
  const metrics = new Gathered()
  const store = await openMessageStore({ location: await temporaryDirectory() }, { metrics })
  for (let n = 0; n < 10; n++) await store.sendMessage(message(n))
  await store.admin.checkpoint()
  await store.close()
  expect(metrics.counts.get('log.records')).toBeGreaterThanOrEqual(10)
  const { values } = metrics
  for (const name of ['log.commit.ms', 'log.commit.bytes', 'flush.ms', 'flush.bytes', 'checkpoint.ms']) {
    const told = values.get(name) ?? []
    expect([name, told.length > 0, told.every((value) => value > 0)]).toEqual([name, true, true])
  }
  // Each of these sends waited for the one before, so each was a commit of its own.
  expect(values.get('log.commit.ms')?.length).toBeGreaterThanOrEqual(10)
  const bytes = (values.get('log.commit.bytes') ?? []).reduce((sum, one) => sum + one, 0)
  expect(bytes).toBeGreaterThan(10 * 200)
})

test('the wall clock has no part in how long a flush or a checkpoint took', async () => {
  const clock = new ManualClock()
  const now = clock.now.bind(clock)
  clock.now = () => {
    clock.jump(-3_600_000)
    return now()
  }
  const store = await openMessageStore({ location: await temporaryDirectory() }, { clock })
  onTestFinished(() => store.close())
  await store.sendMessage(message(1))
  await store.admin.checkpoint()
  const { generations } = await store.admin.stats()
  expect(generations.flushes).toBe(1)
  expect(generations.lastFlushMs).toBeGreaterThanOrEqual(0)
  expect(generations.lastCheckpointMs).toBeGreaterThanOrEqual(0)
})

test('a write that is refused is counted', async () => {
  const metrics = new Gathered()
  const limits = { queueCalls: 5 }
  const store = await openMessageStore({ location: await temporaryDirectory(), limits }, { metrics })
  const results = await Promise.allSettled(
    Array.from({ length: 50 }, (_, n) => store.sendMessage(message(n))),
  )
  const refused = results.filter(({ status }) => status === 'rejected').length
  await store.close()
  expect(refused).toBeGreaterThan(0)
  expect(metrics.counts.get('log.refused')).toBe(refused)
})

const fails = {
  throw: (): never => {
    throw new Error('no numbers today')
  },
  reject: (): Promise<never> => Promise.reject(new Error('no numbers today')),
}

test.each(Object.entries(fails))('metrics and a logger that %s change nothing', async (_how, fail) => {
  const location = await temporaryDirectory()
  const components = {
    metrics: { count: fail, observe: fail },
    logger: { info: fail, warn: fail, error: fail },
  }
  const store = await openMessageStore({ location, limits: { queueCalls: 5 } }, components)
  onTestFinished(() => store.close())
  const results = await Promise.allSettled(
    Array.from({ length: 50 }, (_, n) => store.sendMessage(message(n))),
  )
  const codes = results.flatMap((result) =>
    result.status === 'rejected' ? [(result.reason as { code: string }).code] : [],
  )
  expect(new Set(codes)).toEqual(new Set(['OVERLOADED']))
  await store.admin.checkpoint()
  expect((await store.getMessages('bob', { peer: 'ann' })).items).toHaveLength(50 - codes.length)
  expect((await store.admin.verify()).findings).toEqual([])
})

test('the logger hears how the store was left, and whether it was closed as it should be', async () => {
  const told: unknown[] = []
  const nothing = (): void => undefined
  const logger: Logger = { info: (text, facts) => told.push([text, facts]), warn: nothing, error: nothing }
  const location = await temporaryDirectory()
  for (let opening = 0; opening < 2; opening++) {
    const store = await openMessageStore({ location }, { logger })
    await store.sendMessage(message(opening))
    await store.close()
  }
  expect(told).toMatchObject([
    ['the store is open', { left: 'new', records: 0 }],
    ['the store is closed', { clean: true }],
    ['the store is open', { left: 'clean', records: 0 }],
    ['the store is closed', { clean: true }],
  ])
})

test('the logger hears of a disk that takes a second for the log, and not of one that takes half of it', () => {
  const warnings: unknown[] = []
  const logger: Logger = {
    info: () => undefined,
    warn: (text, facts) => warnings.push([text, facts]),
    error: () => undefined,
  }
  const telemetry = new Telemetry({ logger, metrics: undefined }, () => 0)
  telemetry.committed({ ms: 500, bytes: 10, records: 1 })
  expect(warnings).toEqual([])
  telemetry.committed({ ms: 1500.4, bytes: 10, records: 1 })
  expect(warnings).toEqual([['the disk took long to write the log', { ms: 1500, bytes: 10 }]])
})

test('a pause of the queue is measured from its beginning to its end', async () => {
  const metrics = new Gathered()
  const limits = resolveLimits()
  const location = await temporaryDirectory()
  const settings = {
    location,
    shards: 2,
    virtualNodes: 16,
    cacheBytes: 0,
    cacheTierSize: 2,
    syncEveryMs: 0,
    limits,
  }
  const components = {
    clock: systemClock,
    random: systemRandom,
    fileSystem: nodeFileSystem,
    logger: undefined,
    metrics,
  }
  // Each group is several generations, and none may wait while another one is flushed.
  const tuning = { generationBytes: 1024, maxWaitingGenerations: 0 }
  const backend = await openLocalBackend(settings, components, { tuning })
  const store = new MessageStore(backend, { limits, clock: systemClock, usersMode: 'open' })
  await Promise.all(Array.from({ length: 50 }, (_, n) => store.sendMessage(message(n))))
  await store.admin.checkpoint()
  await store.close()
  const pauses = metrics.values.get('log.pause.ms') ?? []
  expect(pauses.length).toBeGreaterThan(0)
  expect(pauses.every((ms) => ms > 0)).toBe(true)
})

test('the numbers say whether writes are accepted', async () => {
  const world = { syncFails: false }
  const fileSystem = interferedFileSystem(nodeFileSystem, {
    before: (operation) => {
      if (world.syncFails && operation === 'sync')
        throw Object.assign(new Error('EIO: sync'), { code: 'EIO' })
    },
  })
  const options = { location: await temporaryDirectory(), limits: { queueCalls: 5 } }
  const store = await openMessageStore(options, { fileSystem })
  onTestFinished(() => store.close().catch(() => undefined))
  const writes = async () => (await store.admin.stats()).writes
  await store.sendMessage(message(0))
  expect(await writes()).toBe('accepted')
  const waiting = Array.from({ length: 5 }, (_, n) => store.sendMessage(message(1 + n)))
  expect(await writes()).toBe('OVERLOADED')
  await Promise.all(waiting)
  expect(await writes()).toBe('accepted')
  world.syncFails = true
  await expect(store.sendMessage(message(6))).rejects.toMatchObject({ code: 'OUTCOME_UNKNOWN' })
  expect(await writes()).toBe('POISONED')
})

test('the guide lists what there is, and nothing else', () => {
  const rows = [...readSource('docs/guide.md').matchAll(/^\| `([a-z.]+)` \|/gm)].map(([, name]) => name)
  expect(new Set(rows)).toEqual(new Set([...Object.keys(counted), ...Object.keys(observed)]))
})

/** The names of all fields of an object, and of those in it. */
function namesIn(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(namesIn)
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([name, inner]) => [name, ...namesIn(inner)])
}

test('the guide and the types have the numbers that a store gives, and no others', async () => {
  const store = await openMessageStore({ location: await temporaryDirectory() })
  const given = new Set(namesIn(await store.admin.stats()))
  await store.close()
  const found = (text: string, pattern: RegExp) =>
    new Set([...text.matchAll(pattern)].map(([, name]) => name))
  const [, everyBackend = ''] =
    /interface StoreStats \{(.*?)\n\}/s.exec(readSource('src/backend/port.ts')) ?? []
  const types = `${everyBackend}${readSource('src/backend/local-stats.ts')}`
  expect(found(types, /readonly (\w+)\??:/g)).toEqual(given)
  const [, list = ''] = /\*\*Numbers\.\*\*.*\n\n((?:[* ] .*\n)+)/.exec(readSource('docs/guide.md')) ?? []
  const values = ['local', ...found(everyBackend, /'(\w+)'/g)]
  expect(found(list, /`(\w+)`/g)).toEqual(new Set([...given, ...values]))
})

import { readdir, readFile, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { type LocalMessageStore, MessageStore } from '../../src/api/message-store.js'
import { SeededChance } from '../../src/backend/reference/seeded-chance.js'
import { bodyFileName, cutOf, levelOf, parseBodyFileName } from '../../src/formats/body-file.js'
import { describeKey } from '../../src/formats/keys.js'
import { rows } from '../../src/formats/rows.js'
import { resolveLimits } from '../../src/limits.js'
import { openClassicLevel } from '../../src/local/shards/classic-level-opener.js'
import type { ShardOpener } from '../../src/local/shards/shard-database.js'
import { openLocalBackend } from '../../src/local/open-local-backend.js'
import type { LocalTuning } from '../../src/local/tuning.js'
import { systemClock, type Clock } from '../../src/platform/clock.js'
import type { FileSystem } from '../../src/platform/file-system.js'
import { nodeFileSystem } from '../../src/platform/node-file-system.js'
import { systemRandom } from '../../src/platform/random.js'
import { interferedFileSystem } from '../fixtures/failing-file-system.js'
import { Gate } from '../fixtures/gate.js'
import { temporaryDirectory } from '../fixtures/temporary-directory.js'

const limits = resolveLimits()
const tuning: Partial<LocalTuning> = {
  fanOut: 3,
  generationBytes: 1024,
  segmentBytes: 8192,
  checkpointBytes: 2048,
  tidyFiles: 3,
  tidyAfterMs: 0,
  tidyRestMs: 0,
}

interface Talk {
  readonly sent: {
    readonly sender: string
    readonly id: string
    readonly text: string
    readonly seq: number
  }[]
}

interface Parts {
  readonly fileSystem?: FileSystem
  readonly opener?: ShardOpener
  readonly tuning?: Partial<LocalTuning>
  readonly clock?: Clock
}

interface World {
  readonly location: string
  readonly open: (parts?: Parts) => Promise<LocalMessageStore>
  readonly files: () => Promise<number[]>
}

async function world(): Promise<World> {
  const location = await temporaryDirectory()
  const settings = { location, shards: 2, virtualNodes: 16, cacheBytes: 0, cacheTierSize: 2, syncEveryMs: 0 }
  return {
    location,
    open: async ({
      fileSystem = nodeFileSystem,
      opener = openClassicLevel,
      tuning: more,
      clock = systemClock,
    } = {}) => {
      const components = { clock, random: systemRandom, fileSystem, logger: undefined, metrics: undefined }
      const backend = await openLocalBackend({ ...settings, limits }, components, {
        opener,
        tuning: { ...tuning, ...more },
      })
      const store = new MessageStore(backend, { limits, clock, usersMode: 'open' })
      onTestFinished(() => store.close().catch(() => undefined))
      return store
    },
    files: async () =>
      (await readdir(join(location, 'bodies')))
        .map(parseBodyFileName)
        .filter((file) => file !== null)
        .sort((a, b) => cutOf(a) - cutOf(b)),
  }
}

/** Messages of a few users to one another, and to groups of three and of five, in bursts. */
class Chatter {
  readonly #chance: SeededChance
  readonly talks = new Map<string, Talk>()
  #ids = 0

  constructor(seed: number) {
    this.#chance = new SeededChance(seed)
  }

  async begin(store: LocalMessageStore): Promise<void> {
    await store.groups.create({ creator: 'e', id: 'small', title: 'small', members: ['a', 'b'] })
    await store.groups.create({ creator: 'e', id: 'large', title: 'large', members: ['a', 'b', 'c', 'd'] })
  }

  async send(store: LocalMessageStore, count: number): Promise<void> {
    const users = ['a', 'b', 'c', 'd', 'e']
    const pick = (): string => users[this.#chance.below(users.length)] as string
    for (let i = 0; i < count; i++) {
      const group = this.#chance.below(4)
      const talk = group === 0 ? 'small' : group === 1 ? 'large' : null
      const sender = talk === null ? pick() : 'e'
      const id = `id${this.#ids++}`
      const text = 'x'.repeat(this.#chance.below(120))
      const to = talk === null ? { receiver: pick() } : { conversationId: talk }
      const { conversationId, seq } = await store.sendMessage({ sender, ...to, id, text })
      let known = this.talks.get(conversationId)
      if (known === undefined) this.talks.set(conversationId, (known = { sent: [] }))
      known.sent.push({ sender, id, text, seq })
    }
  }
}

/** Every conversation is there, for one who sees it, by pages; and nothing contradicts itself. */
async function expectAll(store: LocalMessageStore, { talks }: Chatter): Promise<void> {
  for (const [conversation, { sent }] of talks) {
    const reader = (sent[0] as Talk['sent'][number]).sender
    const items: unknown[] = []
    for (let cursor: string | null | undefined; cursor !== null;) {
      const page = await store.getMessages(reader, conversation, {
        limit: 7,
        ...(cursor === undefined ? {} : { cursor }),
      })
      for (const { sender, id, text, seq } of page.items) items.push({ sender, id, text, seq })
      cursor = page.next
    }
    expect(items.reverse()).toEqual(sent)
  }
  expect((await store.admin.verify()).findings).toEqual([])
}

/** A repeat gives the first receipt, wherever the message lies by now. */
async function expectRepeats(store: LocalMessageStore, { talks }: Chatter): Promise<void> {
  for (const [conversationId, { sent }] of talks)
    for (const { sender, id, text, seq } of sent.slice(0, 5))
      await expect(store.sendMessage({ sender, conversationId, id, text })).resolves.toMatchObject({ seq })
}

async function until(what: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; !(await what()); tries++) {
    if (tries > 500) throw new Error('it does not come about')
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

test('messages stay what they are, however often they are merged', async () => {
  const seed = 11
  const { open, files } = await world()
  const chatter = new Chatter(seed)
  let store = await open()
  await chatter.begin(store)
  for (let round = 0; round < 3; round++) {
    await chatter.send(store, 250)
    await expectAll(store, chatter)
    await store.admin.checkpoint()
    await store.close()
    store = await open()
    await expectAll(store, chatter)
  }
  await until(async () => {
    await store.admin.checkpoint()
    const levels = new Map<number, number>()
    for (const file of await files()) levels.set(levelOf(file), (levels.get(levelOf(file)) ?? 0) + 1)
    return [...levels.values()].every((count) => count < 3)
  })
  await expectAll(store, chatter)
  await expectRepeats(store, chatter)
  const all = await files()
  expect(all.map(levelOf)).toEqual(all.map(levelOf).toSorted((a, b) => b - a))
  expect(levelOf(all[0] as number)).toBeGreaterThanOrEqual(3)
  expect((await store.admin.stats()).bodies.failures).toBe(0)
  await store.close()
})

/** The level of a body file, or of one in the making; null for other paths. */
function levelAt(path: string): number | null {
  const file = parseBodyFileName(basename(path).replace('.tmp', ''))
  return file === null ? null : levelOf(file)
}

function isRun(key: Buffer): boolean {
  return describeKey(key)?.family === 'runs'
}

test('names of merged files are durable before rows point there; what was merged goes after each shard has proven the rows', async () => {
  const { open } = await world()
  const journal: string[] = []
  const fileSystem = interferedFileSystem(nodeFileSystem, {
    before: (operation, path) => {
      const level = levelAt(path)
      if (operation === 'rename' && level !== null && level > 0) journal.push('name merged')
      if (operation === 'sync' && level !== null && level > 0) journal.push('sync merged')
      if (operation === 'unlink' && level !== null && path.endsWith('.bodies')) journal.push('remove')
      if (operation === 'syncDirectory' && basename(path) === 'bodies') journal.push('sync names')
      if (operation === 'syncDirectory' && /\/shards\/\d+$/.test(path))
        journal.push(`evidence ${basename(path)}`)
    },
  })
  const opener: ShardOpener = async (directory, options) => {
    const database = await openClassicLevel(directory, options)
    const batch = database.batch.bind(database)
    return Object.assign(database, {
      batch: () => {
        const made = batch()
        let isSwap = false
        const put = made.put.bind(made)
        const write = made.write.bind(made)
        return Object.assign(made, {
          put: (key: Buffer, value: Buffer) => {
            if (isRun(key) && levelOf(rows.run.decode(value.subarray(0, -4)).file) > 0) isSwap = true
            return put(key, value)
          },
          write: async () => {
            if (isSwap) journal.push('rows')
            await write()
          },
        })
      },
    })
  }
  const store = await open({ fileSystem, opener })
  const chatter = new Chatter(3)
  await chatter.begin(store)
  for (let round = 0; round < 20; round++) {
    await chatter.send(store, 20)
    await store.admin.checkpoint()
  }
  await until(async () => {
    await store.admin.checkpoint()
    return (await store.admin.stats()).bodies.merges >= 2
  })
  await store.close()
  const text = journal.join('; ').split('name merged; ').slice(1)
  expect(text.length).toBeGreaterThanOrEqual(2)
  const synced = journal.filter((entry) => entry === 'sync merged' || entry === 'name merged')
  expect(synced).toEqual(synced.map((_, i) => (i % 2 === 0 ? 'sync merged' : 'name merged')))
  for (const merge of text) {
    const names = merge.indexOf('sync names')
    const first = merge.indexOf('rows')
    const last = merge.lastIndexOf('rows')
    const removed = merge.indexOf('remove')
    if (first >= 0) expect(names).toBeLessThan(first)
    expect(names).toBeGreaterThanOrEqual(0)
    if (removed < 0) continue
    expect(removed).toBeGreaterThan(last)
    const proof = merge.slice(last, removed)
    expect(proof).toContain('evidence 0000')
    expect(proof).toContain('evidence 0001')
    expect(merge.slice(removed)).toContain('sync names')
  }
})

test('a reader that knows where a block was finds it, though its file has gone', async () => {
  const { open, files } = await world()
  const chatter = new Chatter(4)
  const first = await open({ tuning: { tidyFiles: Infinity } })
  await chatter.begin(first)
  await chatter.send(first, 60)
  await first.close()
  const before = await files()
  expect(before.every((file) => levelOf(file) === 0)).toBe(true)

  const naming = new Gate()
  const reading = new Gate()
  const fileSystem: FileSystem = {
    ...nodeFileSystem,
    rename: async (from, to) => {
      if ((levelAt(to) ?? 0) > 0) await naming.opened
      await nodeFileSystem.rename(from, to)
    },
  }
  let read = 0
  const opener: ShardOpener = async (directory, options) => {
    const database = await openClassicLevel(directory, options)
    const iterator = database.iterator.bind(database)
    return Object.assign(database, {
      iterator: (range: Parameters<typeof iterator>[0]) => {
        const made = iterator(range)
        const nextv = made.nextv.bind(made)
        return Object.assign(made, {
          nextv: async (size: number) => {
            const found = await nextv(size)
            if (found.some(([key]) => isRun(key))) {
              read++
              await reading.opened
            }
            return found
          },
        })
      },
    })
  }
  const store = await open({ fileSystem, opener })
  const known = [...chatter.talks].find(([id]) => id === 'large') as [string, Talk]
  const page = store.getMessages('e', known[0], { limit: 200 })
  await until(() => Promise.resolve(read > 0))
  naming.open()
  await until(async () => {
    await store.admin.checkpoint()
    const now = new Set(await files())
    return before.slice(0, 3).every((file) => !now.has(file))
  })
  reading.open()
  const seqs = (await page).items.map(({ seq, text }) => ({ seq, text })).reverse()
  expect(seqs).toEqual(known[1].sent.map(({ seq, text }) => ({ seq, text })))
  await store.close()
})

test('a damaged block stops its merge and nothing else; the damage is reported where it is', async () => {
  const { open, files, location } = await world()
  const chatter = new Chatter(5)
  const first = await open({ tuning: { tidyFiles: Infinity } })
  await chatter.begin(first)
  await chatter.send(first, 60)
  await first.close()
  const before = await files()
  const path = join(location, 'bodies', bodyFileName(before[1] as number))
  const bytes = await readFile(path)
  bytes[bytes.length - 3]! ^= 1
  await writeFile(path, bytes)
  const store = await open()
  await until(async () => (await store.admin.stats()).bodies.failures > 0)
  await store.sendMessage({ sender: 'a', receiver: 'b', text: 'goes on', id: 'new' })
  expect(await files()).toEqual(expect.arrayContaining(before))
  const { findings } = await store.admin.verify()
  expect(findings.map(({ what }) => what)).toContain('damaged block')
  await store.close()
})

/** A closed store with many files to merge, and their names. */
async function untidied() {
  const { open, files } = await world()
  const first = await open({ tuning: { tidyFiles: Infinity } })
  for (let i = 0; i < 70; i++)
    await first.sendMessage({ sender: 'a', receiver: `b${i % 5}`, text: 'x'.repeat(5000), id: `m${i}` })
  await first.close()
  return { open, files, before: await files() }
}

test('neither close nor verify waits for the tidy to have rested', async () => {
  const { open, files, before } = await untidied()
  let rests = 0
  const clock: Clock = {
    ...systemClock,
    after: (ms, task) => {
      if (ms !== 4321) return systemClock.after(ms, task)
      rests++
      return () => undefined
    },
  }
  const second = await open({ clock, tuning: { tidyRestMs: 4321, tidyFiles: 40 } })
  await until(() => Promise.resolve(rests > 0))
  await second.close()
  expect(await files()).toEqual(before)
  const third = await open({ clock, tuning: { tidyRestMs: 4321, tidyFiles: 40 } })
  await until(() => Promise.resolve(rests > 1))
  expect((await third.admin.verify()).findings).toEqual([])
  await third.close()
})

test('who opens a store reads first: the tidy begins a while later, and not at all if it is closed before', async () => {
  const { open, files, before } = await untidied()
  const begins = new Set<() => void>()
  const clock: Clock = {
    ...systemClock,
    after: (ms, task) => {
      if (ms !== 4321) return systemClock.after(ms, task)
      begins.add(task)
      return () => void begins.delete(task)
    },
  }
  const options = { clock, tuning: { tidyAfterMs: 4321, tidyFiles: 2 } }
  const second = await open(options)
  expect((await second.admin.stats()).bodies).toMatchObject({ merging: false })
  await second.close()
  expect(begins.size).toBe(0)
  expect(await files()).toEqual(before)
  const third = await open(options)
  for (const begin of begins) begin()
  await until(async () => (await files()).length !== before.length)
  await third.close()
})

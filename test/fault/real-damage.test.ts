import { cp, mkdtemp, readdir, readFile, rename, rm, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { beforeAll, expect, test } from 'vitest'
import { tmpdir } from 'node:os'
import { SeededChance } from '../../src/backend/reference/seeded-chance.js'
import { isColumbaError } from '../../src/errors.js'
import { dumpStore } from '../../src/model-checking/dump-store.js'
import { openCrashStore, variantNamed } from '../crash/crash-store.js'
import { filterIn } from '../fixtures/level-filter.js'
import { temporaryDirectory } from '../fixtures/temporary-directory.js'

const variant = variantNamed('several generations in one segment')
const users = ['ann', 'bob', 'cid', 'dan']

/** Stores to damage a copy of: closed, with a log that has records above the checkpoint, and an earlier copy of it. */
let closed = ''
let crashed = ''
let earlier = ''
let foreign = ''
let expected: unknown

async function fill(location: string, from: number, to: number): Promise<void> {
  const store = await openCrashStore({ location, variant })
  for (let n = from; n < to; n += 20) {
    await Promise.all(
      Array.from({ length: 20 }, (_, i) => {
        const sender = users[(n + i) % 4] as string
        const receiver = users[(n + i * 3 + 1) % 4] as string
        return store.sendMessage({
          sender,
          receiver,
          id: String(n + i),
          text: `message ${n + i} `.repeat(12),
        })
      }),
    )
  }
  await store.close()
}

beforeAll(async () => {
  const desk = await mkdtemp(join(tmpdir(), 'columba-damage-'))
  closed = join(desk, 'closed')
  crashed = join(desk, 'crashed')
  earlier = join(desk, 'earlier')
  foreign = join(desk, 'foreign')
  await fill(foreign, 0, 100)
  await fill(closed, 0, 300)
  await cp(closed, earlier, { recursive: true })
  await fill(closed, 300, 600)
  const store = await openCrashStore({ location: closed, variant })
  for (let n = 600; n < 612; n++)
    await store.sendMessage({ sender: 'ann', receiver: 'bob', id: String(n), text: '' })
  // The copy of a running store whose shards are at rest is what a crash leaves.
  await cp(closed, crashed, { recursive: true })
  await rm(join(crashed, 'LOCK.json'))
  expected = await dumpStore(store, users)
  await store.close()
  return () => rm(desk, { recursive: true })
})

const firstLike = async (directory: string, pattern: RegExp): Promise<string> => {
  const name = (await readdir(directory)).filter((found) => pattern.test(found)).sort()[0]
  if (name === undefined) throw new Error(`nothing like ${pattern} in ${directory}`)
  return join(directory, name)
}

async function swap(a: string, b: string): Promise<void> {
  await rename(a, `${a}.aside`)
  await rename(b, a)
  await rename(`${a}.aside`, b)
}

async function replace(store: string, path: string, by: string): Promise<void> {
  await rm(join(store, path), { recursive: true })
  await cp(join(by, path), join(store, path), { recursive: true })
}

/** Each of them must be refused when the store is opened. */
const refused: Readonly<Record<string, (store: string) => Promise<unknown>>> = {
  'the manifest is missing': (store) => rm(join(store, 'MANIFEST')),
  'the manifest is empty': (store) => truncate(join(store, 'MANIFEST'), 0),
  'the manifest is that of another store': (store) => replace(store, 'MANIFEST', foreign),
  'the log is missing': (store) => rm(join(store, 'log'), { recursive: true }),
  'the segments of the log are missing': async (store) => {
    for (const name of await readdir(join(store, 'log'))) await rm(join(store, 'log', name))
  },
  'the log is that of another store': (store) => replace(store, 'log', foreign),
  'a shard is missing': (store) => rm(join(store, 'shards', '0000'), { recursive: true }),
  'a shard is empty': async (store) => {
    for (const name of await readdir(join(store, 'shards', '0000')))
      await rm(join(store, 'shards', '0000', name))
  },
  'two shards are swapped': (store) => swap(join(store, 'shards', '0000'), join(store, 'shards', '0001')),
  'a shard is that of another store': (store) => replace(store, 'shards/0001', foreign),
  'a shard is an earlier copy': (store) => replace(store, 'shards/0001', earlier),
  'CURRENT of a shard is missing': (store) => rm(join(store, 'shards', '0000', 'CURRENT')),
  'CURRENT of a shard is empty': (store) => truncate(join(store, 'shards', '0000', 'CURRENT'), 0),
  'MANIFEST of a shard is missing': async (store) =>
    rm(await firstLike(join(store, 'shards', '0000'), /^MANIFEST/)),
  'MANIFEST of a shard is empty': async (store) =>
    truncate(await firstLike(join(store, 'shards', '0000'), /^MANIFEST/), 0),
}

test.each(Object.entries(refused))('%s: refused, and nothing made anew', async (_, damage) => {
  const store = join(await temporaryDirectory(), 'store')
  await cp(crashed, store, { recursive: true })
  await damage(store)
  for (let time = 1; time <= 2; time++) {
    await expect(openCrashStore({ location: store, variant })).rejects.toMatchObject({ code: 'CORRUPT' })
  }
})

test('the undamaged copies are whole', async () => {
  for (const original of [crashed, closed]) {
    const store = join(await temporaryDirectory(), 'store')
    await cp(original, store, { recursive: true })
    expect(await outcome(store)).toBe('the same')
  }
})

/** What users get from a damaged store: the same as ever, a refusal, or another answer that `verify` tells of. */
async function outcome(location: string): Promise<string> {
  try {
    const store = await openCrashStore({ location, variant })
    try {
      // Where LevelDB has lost a row that another one names, users may hear that there is no such thing.
      const found = await dumpStore(store, users).catch((error: unknown) => {
        if (!isColumbaError(error) || error.code === 'CORRUPT') throw error
        return error.code
      })
      if (isDeepStrictEqual(found, expected)) return 'the same'
      const { recovery } = (await store.admin.stats()) as { recovery?: { tornBytes?: number } }
      if ((recovery?.tornBytes ?? 0) > 0) return 'told by recovery'
      return (await store.admin.verify()).ok ? 'WRONG' : 'told by verify'
    } finally {
      await store.close().catch(() => undefined)
    }
  } catch (error) {
    return isColumbaError(error) ? error.code : `UNTYPED ${String(error)}`
  }
}

const answers = ['the same', 'told by verify', 'CORRUPT', 'INCOMPATIBLE']

test('flipped bits in the filters of tables: never a wrong answer that verify does not tell of', async () => {
  const seed = Date.now() % 1_000_000
  const chance = new SeededChance(seed)
  for (let time = 0; time < 8; time++) {
    const store = join(await temporaryDirectory(), 'store')
    await cp(closed, store, { recursive: true })
    const shard = join(store, 'shards', time % 2 === 0 ? '0000' : '0001')
    const tables = (await readdir(shard)).filter((name) => name.endsWith('.ldb')).sort()
    const file = join(shard, tables[chance.below(tables.length)] as string)
    const bytes = await readFile(file)
    const filter = filterIn(bytes)
    if (filter === null) throw new Error(`${file} has no filter`)
    // What is set is cleared: a bit that is missing hides rows, one too many hides none.
    for (let flips = 1 + chance.below(40); flips > 0; flips--)
      bytes[filter.offset + chance.below(filter.size)] = 0
    await writeFile(file, bytes)
    expect(answers, `${file}, seed ${seed}`).toContain(await outcome(store))
  }
})

const files: readonly (readonly [string, RegExp])[] = [
  ['log', /^\d|\.log$|\.wal$/],
  ['bodies', /./],
  ['shards/0000', /\.ldb$/],
  ['shards/0000', /\.log$/],
  ['shards/0000', /^MANIFEST/],
  ['.', /^MANIFEST$/],
]

test.each(files)('flipped bits and cut ends in %s/%s: never a wrong answer', async (directory, pattern) => {
  const seed = Date.now() % 1_000_000
  const chance = new SeededChance(seed)
  const seen = new Map<string, number>()
  for (let time = 0; time < 8; time++) {
    const store = join(await temporaryDirectory(), 'store')
    const cut = time % 4 === 3
    // An end of the log that is cut off after a crash is what a torn write leaves; a log that was closed has none. And
    // recovery would write to the damaged tables: LevelDB ends the process if it compacts keys that are out of order.
    const asClosed = directory === 'log' ? cut : directory !== 'bodies' && pattern.test('000005.ldb')
    await cp(asClosed ? closed : crashed, store, { recursive: true })
    const names = (await readdir(join(store, directory))).filter((name) => pattern.test(name)).sort()
    const file = join(store, directory, names[chance.below(names.length)] as string)
    const bytes = await readFile(file)
    const at = chance.below(bytes.length)
    if (cut) await truncate(file, at)
    else {
      bytes[at] = (bytes[at] as number) ^ (1 << chance.below(8))
      await writeFile(file, bytes)
    }
    const found = await outcome(store)
    seen.set(found, (seen.get(found) ?? 0) + 1)
    const allowed = directory === 'log' ? [...answers, 'told by recovery'] : answers
    expect(allowed, `${file} at ${at}, seed ${seed}`).toContain(found)
  }
  expect(seen.size).toBeGreaterThan(0)
})

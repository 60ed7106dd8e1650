import { fork } from 'node:child_process'
import { once } from 'node:events'
import { cp, mkdtemp, readdir, readFile, rename, rm, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeAll, expect, test } from 'vitest'
import { tmpdir } from 'node:os'
import { SeededChance } from '../../src/backend/reference/seeded-chance.js'
import { dumpStore } from '../../src/model-checking/dump-store.js'
import { openCrashStore } from '../crash/crash-store.js'
import { filterIn } from '../fixtures/level-filter.js'
import { shortenIndexKey } from '../fixtures/level-index.js'
import { temporaryDirectory } from '../fixtures/temporary-directory.js'
import { ShardEdit } from './verify/shard-edit.js'
import { damagedAnswer, fill, users, variant } from './damaged-answer.js'

/** LevelDB 1.20 as classic-level builds it, over damage of a table's index (docs/crash-safety.md). Nothing is said wrongly. */
const abortedByLevel = 'aborted by LevelDB'

/** Stores to damage a copy of: closed, with a log that has records above the checkpoint, and an earlier copy of it. */
let closed = ''
let crashed = ''
let earlier = ''
let foreign = ''
let expected: unknown

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
    expect(await damagedAnswer(store, expected)).toBe('the same')
  }
})

/** The answer of a process of its own: where it ends instead of answering, with LevelDB's assertion as its last word. */
async function answerElsewhere(location: string): Promise<string> {
  const script = new URL('damaged-worker.js', import.meta.url)
  const child = fork(script, { serialization: 'advanced', silent: true })
  let said = ''
  child.stderr?.on('data', (chunk: Buffer) => (said += chunk.toString()))
  child.send({ location, expected })
  try {
    const answered = once(child, 'message').then(([answer]) => String(answer))
    const ended = once(child, 'close').then(([, signal]) =>
      signal === 'SIGABRT' && said.includes('Assertion `') ? abortedByLevel : `ENDED by ${signal}: ${said}`,
    )
    return await Promise.race([answered, ended])
  } finally {
    child.kill('SIGKILL')
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
    expect(answers, `${file}, seed ${seed}`).toContain(await damagedAnswer(store, expected))
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

test('a key of an index that is too short: LevelDB ends the process, nothing is said wrongly', async () => {
  const store = join(await temporaryDirectory(), 'store')
  await cp(closed, store, { recursive: true })
  await ShardEdit.of(store, (shards) => shards.compact())
  const table = await firstLike(join(store, 'shards', '0000'), /\.ldb$/)
  const bytes = await readFile(table)
  shortenIndexKey(bytes)
  await writeFile(table, bytes)
  expect(await answerElsewhere(store)).toBe(abortedByLevel)
})

test.each(files)('flipped bits and cut ends in %s/%s: never a wrong answer', async (directory, pattern) => {
  const seed = Date.now() % 1_000_000
  const chance = new SeededChance(seed)
  const seen = new Map<string, number>()
  for (let time = 0; time < 8; time++) {
    const store = join(await temporaryDirectory(), 'store')
    const cut = time % 4 === 3
    // An end of the log that is cut off after a crash is what a torn write leaves; a log that was closed has none. And
    // recovery would write to the damaged tables: LevelDB ends the process if it compacts keys that are out of order.
    const isTable = directory !== 'bodies' && pattern.test('000005.ldb')
    const asClosed = directory === 'log' ? cut : isTable
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
    const found = isTable ? await answerElsewhere(store) : await damagedAnswer(store, expected)
    seen.set(found, (seen.get(found) ?? 0) + 1)
    const allowed = [
      ...answers,
      ...(directory === 'log' ? ['told by recovery'] : isTable ? [abortedByLevel] : []),
    ]
    expect(allowed, `${file} at ${at}, seed ${seed}`).toContain(found)
  }
  expect(seen.size).toBeGreaterThan(0)
})

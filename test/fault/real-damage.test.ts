import { setTimeout as sleep } from 'node:timers/promises'
import { cp, mkdtemp, readdir, readFile, rename, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeAll, expect, test } from 'vitest'
import { tmpdir } from 'node:os'
import { SeededChance } from '../../src/backend/reference/seeded-chance.js'
import { frameHeaderBytes, paddedLength, readFrameHeader } from '../../src/formats/frames.js'
import { decodeSegmentHeader, segmentHeaderBytes } from '../../src/formats/segment.js'
import type { MessageStore } from '../../src/api/message-store.js'
import { dumpStore } from '../../src/model-checking/dump-store.js'
import { openCrashStore } from '../crash/crash-store.js'
import { filterIn } from '../fixtures/level-filter.js'
import { shortenIndexKey } from '../fixtures/level-index.js'
import { temporaryDirectory } from '../fixtures/temporary-directory.js'
import { ShardEdit } from './verify/shard-edit.js'
import { damagedAnswer, fill, send, users, variant } from './damaged-answer.js'
import { abortedByLevel, DamagedElsewhere } from './damaged-elsewhere.js'

/**
 * Stores to damage a copy of: closed; as a crash leaves it, with records above the checkpoint, of which some have rows in the
 * logs of LevelDB; and an earlier copy of it.
 */
let closed = ''
let crashed = ''
let earlier = ''
let foreign = ''
let expected: unknown
/** The shard that has more of the users: in each store they fall otherwise. */
let busy = ''
const elsewhere = new DamagedElsewhere()

/** Resolves when a generation has been flushed and its rows lie in the logs of LevelDB, for want of a checkpoint. */
async function flushed(store: MessageStore): Promise<void> {
  for (;;) {
    const { generations } = (await store.admin.stats()) as unknown as {
      generations: { waiting: number; live: number; flushes: number; checkpoints: number }
    }
    const { waiting, live, flushes, checkpoints } = generations
    if (flushes > 0 && waiting === 0 && live === 1) {
      expect(checkpoints).toBe(0)
      return
    }
    await sleep(1)
  }
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
  await send(store, 600, 700)
  await flushed(store)
  for (let n = 700; n < 712; n++)
    await store.sendMessage({ sender: 'ann', receiver: 'bob', id: String(n), text: '' })
  // The copy of a running store whose shards are at rest is what a crash leaves.
  await cp(closed, crashed, { recursive: true })
  await rm(join(crashed, 'LOCK.json'))
  const logs = await Promise.all(
    ['0000', '0001'].map(async (shard) => {
      const log = await firstLike(join(crashed, 'shards', shard), /^\d+\.log$/)
      return { directory: join('shards', shard), size: (await stat(log)).size }
    }),
  )
  busy = (logs.sort((a, b) => b.size - a.size)[0] as (typeof logs)[number]).directory
  expected = await dumpStore(store, users)
  await store.close()
  return () => {
    elsewhere.end()
    return rm(desk, { recursive: true })
  }
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

interface Kind {
  readonly directory: string
  readonly pattern: RegExp
  readonly allowed: readonly string[]
  /** LevelDB may end the process over it. */
  readonly mayAbort?: true
}

/** Which answers each kind of file allows. In all but one of them some of the damage has to make a difference. */
const kinds: readonly Kind[] = [
  { directory: 'log', pattern: /^segment-\d+\.log$/, allowed: ['CORRUPT', 'told by recovery'] },
  // What users read is never another text than they wrote, whoever may find that later.
  { directory: 'bodies', pattern: /./, allowed: ['CORRUPT'] },
  {
    directory: 'a shard',
    pattern: /\.ldb$/,
    allowed: [...answers, abortedByLevel],
    mayAbort: true,
  },
  // Recovery writes all rows anew that lie in it: whatever becomes of it, nobody sees that.
  { directory: 'a shard', pattern: /\.log$/, allowed: [] },
  { directory: 'a shard', pattern: /^MANIFEST/, allowed: ['told by verify', 'CORRUPT'] },
  { directory: '.', pattern: /^MANIFEST$/, allowed: ['CORRUPT'] },
]

test('a key of an index that is too short: LevelDB ends the process, nothing is said wrongly', async () => {
  const store = join(await temporaryDirectory(), 'store')
  await cp(closed, store, { recursive: true })
  await ShardEdit.of(store, (shards) => shards.compact())
  const table = await firstLike(join(store, 'shards', '0000'), /\.ldb$/)
  const bytes = await readFile(table)
  shortenIndexKey(bytes)
  await writeFile(table, bytes)
  expect(await elsewhere.answer(store, expected)).toBe(abortedByLevel)
})

/** Up to where later frames of a segment say that it was on the disk: damage before that is never a torn write. */
function vouchedIn(segment: Buffer): number {
  const header = decodeSegmentHeader(segment.subarray(0, segmentHeaderBytes))
  if (header === null || typeof header === 'number') throw new Error('the segment has no header')
  let vouched = segmentHeaderBytes
  for (let at = segmentHeaderBytes; ;) {
    const frame = readFrameHeader(segment, at, header.epoch, at)
    if (frame === null) return vouched
    vouched = Math.max(vouched, frame.syncedOffset)
    at += frameHeaderBytes + paddedLength(frame.payloadLength)
  }
}

/** Rows that LevelDB has in a copy of the shards. */
async function rowsIn(store: string): Promise<number> {
  const copy = await temporaryDirectory()
  await cp(join(store, 'shards'), join(copy, 'shards'), { recursive: true })
  return ShardEdit.of(copy, async (shards) => (await shards.rows()).length)
}

test.each(kinds)(
  'flipped bits and cut ends in $directory/$pattern: never a wrong answer',
  async ({ directory, pattern, allowed, mayAbort }) => {
    const seed = Date.now() % 1_000_000
    const chance = new SeededChance(seed)
    const seen: string[] = []
    const isLog = directory === 'log'
    for (let time = 0; time < 8; time++) {
      const store = join(await temporaryDirectory(), 'store')
      const cut = time % 4 === 3
      // An end of the log that is cut off after a crash is what a torn write leaves; a log that was closed has none. And
      // recovery would write to the damaged tables: LevelDB ends the process if it compacts keys that are out of order.
      const asClosed = isLog ? cut : mayAbort === true
      await cp(asClosed ? closed : crashed, store, { recursive: true })
      const folder = join(store, directory === 'a shard' ? busy : directory)
      const names = (await readdir(folder)).filter((name) => pattern.test(name)).sort()
      const name = names[chance.below(names.length)] as string
      const file = join(folder, name)
      const bytes = await readFile(file)
      expect(bytes.length, `${file} is empty`).toBeGreaterThan(0)
      const at = chance.below(bytes.length)
      // Only the end of the last segment may be a torn write.
      const mayBeTorn = isLog && !cut && name === names.at(-1) && at >= vouchedIn(bytes)
      if (cut) await truncate(file, at)
      else {
        bytes[at] = (bytes[at] as number) ^ (1 << chance.below(8))
        await writeFile(file, bytes)
      }
      const found = mayAbort ? await elsewhere.answer(store, expected) : await damagedAnswer(store, expected)
      seen.push(found)
      const fits =
        found === 'the same' || (allowed.includes(found) && (found !== 'told by recovery' || mayBeTorn))
      expect(fits, `${found}: ${file} at ${at}, seed ${seed}`).toBe(true)
    }
    if (allowed.length > 0)
      expect(
        seen.some((found) => found !== 'the same'),
        `seed ${seed}`,
      ).toBe(true)
  },
)

test('a flipped bit of the last segment of the log is refused wherever a later frame vouches for it', async () => {
  const seed = Date.now() % 1_000_000
  const chance = new SeededChance(seed)
  for (let time = 0; time < 4; time++) {
    const store = join(await temporaryDirectory(), 'store')
    await cp(crashed, store, { recursive: true })
    const name = (await readdir(join(store, 'log'))).sort().at(-1) as string
    const file = join(store, 'log', name)
    const bytes = await readFile(file)
    const vouched = vouchedIn(bytes)
    expect(vouched).toBeGreaterThan(500)
    const at = chance.below(vouched)
    bytes[at] = (bytes[at] as number) ^ (1 << chance.below(8))
    await writeFile(file, bytes)
    expect(await damagedAnswer(store, expected), `${file} at ${at}, seed ${seed}`).toBe('CORRUPT')
  }
})

test('damage of a log of LevelDB takes rows from it, without a word, and recovery brings them back', async () => {
  const store = join(await temporaryDirectory(), 'store')
  await cp(crashed, store, { recursive: true })
  const file = await firstLike(join(store, busy), /^\d+\.log$/)
  const bytes = await readFile(file)
  bytes[8] = (bytes[8] as number) ^ 1
  await writeFile(file, bytes)
  expect(await rowsIn(store)).toBeLessThan(await rowsIn(crashed))
  expect(await damagedAnswer(store, expected)).toBe('the same')
})

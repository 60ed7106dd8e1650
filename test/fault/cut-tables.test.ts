import { fork } from 'node:child_process'
import { once } from 'node:events'
import { cp, mkdtemp, readdir, rm, stat, truncate } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeAll, expect, onTestFinished, test } from 'vitest'
import { openCrashStore } from '../crash/crash-store.js'
import { temporaryDirectory } from '../fixtures/temporary-directory.js'
import { users, variant, wholeAnswer } from './damaged-answer.js'
import { ShardEdit } from './verify/shard-edit.js'

// LevelDB reads its tables through memory maps. Where a table is cut short under a store that is open, reading on in the map is
// SIGBUS: the system ends the process (docs/crash-safety.md).

/** A closed store with one large table in each shard. */
let whole = ''
let expected: unknown

beforeAll(async () => {
  const desk = await mkdtemp(join(tmpdir(), 'columba-cut-'))
  whole = join(desk, 'whole')
  const store = await openCrashStore({ location: whole, variant })
  const strangers = Array.from({ length: 60 }, (_, i) => `${i}`.padEnd(250, '-'))
  for (const receiver of users)
    await Promise.all(strangers.map((sender) => store.sendMessage({ sender, receiver, text: sender })))
  await store.close()
  await ShardEdit.of(whole, (shards) => shards.compact())
  expected = await wholeAnswer(whole)
  return () => rm(desk, { recursive: true })
})

async function tablesOf(store: string): Promise<string[]> {
  const shard = join(store, 'shards', '0000')
  return (await readdir(shard)).filter((name) => name.endsWith('.ldb')).map((name) => join(shard, name))
}

/** What a process of its own says of a store; `meanwhile` happens while it has it open and has read nothing of it yet. */
async function answerOf(location: string, meanwhile?: () => Promise<void>): Promise<string> {
  const child = fork(new URL('damaged-worker.js', import.meta.url), {
    serialization: 'advanced',
    silent: true,
    // Should the system keep a core, it goes with the test.
    cwd: location,
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  let said = ''
  child.stderr?.on('data', (chunk: Buffer) => (said += chunk.toString()))
  const ended = once(child, 'close').then(([code, signal]) =>
    signal === 'SIGABRT' && said.includes('Assertion `')
      ? 'aborted by LevelDB'
      : String(signal ?? `ended with ${code}: ${said}`),
  )
  const heard = async (): Promise<string> => {
    const [answer] = (await once(child, 'message')) as [unknown]
    return String(answer)
  }
  const first = heard()
  child.send({ location, expected, waits: meanwhile !== undefined })
  const answer = await Promise.race([first, ended])
  if (answer !== 'open' || meanwhile === undefined) return answer
  await meanwhile()
  const second = heard()
  child.send('read')
  return Promise.race([second, ended])
}

test.each([
  { what: 'to nothing', left: () => 0 },
  { what: 'in the middle', left: (size: number) => Math.floor(size / 2) },
  { what: 'to its first page', left: () => 4096 },
])(
  'a table that is cut $what under a store that is open: nothing wrong is said, and the next opening tells',
  async ({ left }) => {
    const store = join(await temporaryDirectory(), 'store')
    await cp(whole, store, { recursive: true })
    const answer = await answerOf(store, async () => {
      for (const table of await tablesOf(store)) await truncate(table, left((await stat(table)).size))
    })
    expect(['CORRUPT', 'told by verify', 'SIGBUS', 'aborted by LevelDB']).toContain(answer)
    await rm(join(store, 'LOCK.json'), { force: true })
    expect(['CORRUPT', 'told by verify']).toContain(await answerOf(store))
  },
)

test('the same without a cut is answered', async () => {
  const store = join(await temporaryDirectory(), 'store')
  await cp(whole, store, { recursive: true })
  for (const table of await tablesOf(store)) expect((await stat(table)).size).toBeGreaterThan(2 * 4096)
  expect(await answerOf(store, () => Promise.resolve())).toBe('the same')
})

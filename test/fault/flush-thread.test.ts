import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdir, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { Worker } from 'node:worker_threads'
import { expect, onTestFinished, test } from 'vitest'
import type { LocalMessageStore } from '../../src/api/message-store.js'
import type { Logger } from '../../src/backend/settings.js'
import { isColumbaError } from '../../src/errors.js'
import { levelOf, parseBodyFileName } from '../../src/formats/body-file.js'
import { openCrashStore } from '../crash/crash-store.js'
import { largeMessage, largeTalk, merging, messagesPerWave, slowTidy } from '../crash/large-talk.js'
import { temporaryDirectory } from '../fixtures/temporary-directory.js'

// The flush thread dies, or meets a failure, while it flushes generations that are as large as real ones.

/** Tells of every flush thread that is made until the function that comes back is called. */
function threads(onThread: (thread: Worker) => void): () => void {
  process.on('worker', onThread)
  const end = (): void => void process.off('worker', onThread)
  onTestFinished(end)
  return end
}

interface Sent {
  readonly acknowledged: Map<number, number>
  readonly codes: Set<string>
}

/** Sends in waves until the store takes no more, or until there are so many. */
async function sendUntil(store: LocalMessageStore, waves: number, sent: Sent): Promise<void> {
  for (let wave = 0; wave < waves && sent.codes.size === 0; wave++) {
    const from = sent.acknowledged.size
    await Promise.all(
      Array.from({ length: messagesPerWave }, async (_, i) => {
        try {
          const { seq } = await store.sendMessage(largeMessage(from + i))
          sent.acknowledged.set(from + i, seq)
        } catch (error) {
          sent.codes.add(isColumbaError(error) ? error.code : String(error))
        }
      }),
    )
  }
}

/** Opens the store once more: each message that was acknowledged is there, once, and so are those of unknown fate. */
async function checkAll(location: string, { acknowledged }: Sent): Promise<void> {
  const store = await openCrashStore({ location, variant: largeTalk })
  const last = Math.max(-1, ...acknowledged.keys())
  const wrong: string[] = []
  for (let n = 0; n <= last; n++) {
    const known = acknowledged.get(n)
    const { seq, duplicate } = await store.sendMessage(largeMessage(n))
    if (known !== undefined && !(duplicate && seq === known)) wrong.push(`${n}: ${known}, now ${seq}`)
  }
  expect(wrong).toEqual([])
  expect((await store.admin.verify()).findings).toEqual([])
  await store.close()
}

const fresh = (): Sent => ({ acknowledged: new Map(), codes: new Set() })

test.each([0, 1, 2, 4, 8, 16, 32, 64])(
  'it dies %i ms after it was made: the store takes no more, closes, and has lost nothing when it is opened again',
  async (ms) => {
    const location = await temporaryDirectory()
    const deaths: Promise<unknown>[] = []
    const end = threads((thread) => {
      deaths.push(sleep(ms).then(() => thread.terminate()))
    })
    const store = await openCrashStore({ location, variant: largeTalk })
    const sent = fresh()
    await sendUntil(store, 100, sent)
    expect(deaths).toHaveLength(1)
    await Promise.all(deaths)
    expect([...sent.codes]).toEqual(['POISONED'])
    await expect(store.admin.checkpoint()).rejects.toMatchObject({ code: 'POISONED' })
    expect((await store.getConversations('ann')).items.length).toBeGreaterThan(0)
    await store.close()
    end()
    await checkAll(location, sent)
  },
)

test('it dies while it has nothing to do: the next generation finds out', async () => {
  const location = await temporaryDirectory()
  const made: Worker[] = []
  const end = threads((thread) => made.push(thread))
  const store = await openCrashStore({ location, variant: largeTalk })
  const sent = fresh()
  await sendUntil(store, 8, sent)
  await store.admin.checkpoint()
  expect(made).toHaveLength(1)
  await made[0]?.terminate()
  expect(sent.codes.size).toBe(0)
  await sendUntil(store, 100, sent)
  expect([...sent.codes]).toEqual(['POISONED'])
  await store.close()
  end()
  await checkAll(location, sent)
})

test.each([
  { what: 'the directory of the bodies', path: 'bodies' },
  { what: 'a shard', path: 'shards/0000' },
])('$what is not where it was: what the system said reaches the caller', async ({ path }) => {
  const location = await temporaryDirectory()
  const store = await openCrashStore({ location, variant: largeTalk })
  const sent = fresh()
  await sendUntil(store, 8, sent)
  expect(sent.codes.size).toBe(0)
  await store.admin.checkpoint()
  const was = join(location, path)
  await rename(was, `${location}-aside`)
  await sendUntil(store, 100, sent)
  expect([...sent.codes]).toEqual(['POISONED'])
  const error = await store.admin.checkpoint().then(
    () => null,
    (thrown: unknown) => thrown,
  )
  expect(error).toMatchObject({ code: 'POISONED' })
  expect(causes(error)).toMatch(/ENOENT|No such file/)
  expect((await store.getConversations('ann')).items.length).toBeGreaterThan(0)
  await store.close()
  await rename(`${location}-aside`, was)
  await checkAll(location, sent)
})

test('a process that is killed while its thread flushes, again and again on one store, loses nothing', async () => {
  const location = await temporaryDirectory()
  const worker = fileURLToPath(new URL('../crash/large-talk-worker.js', import.meta.url))
  const sent = fresh()
  for (const [time, ms] of [0, 2, 5, 10, 20, 40, 80, 0, 30, 60].entries()) {
    // Opening it again flushes as well: one half dies in there, the other while it sends.
    const moment = time % 2 === 0 ? /thread/ : /thread[^]*\d \d/
    const from = Math.max(-1, ...sent.acknowledged.keys()) + 1
    const child = spawn(process.execPath, [worker, location, String(from)], {
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    onTestFinished(() => void child.kill('SIGKILL'))
    const gone = once(child, 'close')
    let said = ''
    let complaint = ''
    child.stderr.on('data', (text: Buffer) => (complaint += text.toString()))
    const flushing = new Promise<void>((resolve) => {
      child.stdout.on('data', (text: Buffer) => {
        said += text.toString()
        if (moment.test(said)) resolve()
      })
    })
    await Promise.race([flushing, gone])
    await sleep(ms)
    child.kill('SIGKILL')
    await gone
    expect([said.includes('thread'), complaint]).toEqual([true, ''])
    for (const [, n, seq] of said.matchAll(/^(\d+) (\d+)$/gm)) sent.acknowledged.set(Number(n), Number(seq))
  }
  expect(sent.acknowledged.size).toBeGreaterThan(300)
  await checkAll(location, sent)
})

/** A logger whose warnings somebody awaits. */
function listener(): { readonly logger: Logger; readonly warned: Promise<string> } {
  const nothing = (): void => undefined
  let logger: Logger = { info: nothing, warn: nothing, error: nothing }
  const warned = new Promise<string>((resolve) => (logger = { ...logger, warn: resolve }))
  return { logger, warned }
}

/** Nobody has been told of a failure for a while, and a merge comes to its end. */
async function merged(store: LocalMessageStore): Promise<string> {
  await sleep(1000)
  for (;;) {
    await store.admin.checkpoint()
    const { bodies } = await store.admin.stats()
    if (bodies.merges > 0) return 'merged all the same'
    await sleep(20)
  }
}

/** A store in which there is much to merge, and slowly; `dies` ends its thread, and awaits what the store says of it. */
async function withMuchToMerge() {
  const location = await temporaryDirectory()
  const made: Worker[] = []
  const end = threads((thread) => made.push(thread))
  const { logger, warned } = listener()
  const store = await openCrashStore({ location, variant: slowTidy, logger })
  const sent = fresh()
  await sendUntil(store, 24, sent)
  await store.admin.checkpoint()
  const terminate = (): Promise<unknown> | undefined => made[0]?.terminate()
  const dies = async (): Promise<string> => {
    await terminate()
    return Promise.race([warned, merged(store)])
  }
  return { location, store, sent, end, terminate, dies }
}

test('it merges body files as well: dying in a merge it says so, and nothing is lost', async () => {
  const { store, sent, location, end, dies } = await withMuchToMerge()
  await merging(store)
  // In the moment before the thread is asked nothing is under way that could fail: then it is merged without the thread.
  expect(await dies()).toMatch(/could not be merged|merged all the same/)
  expect([...sent.codes]).toEqual([])
  await store.close()
  end()
  await checkAll(location, sent)
})

test('it dies while it swaps the rows of a merged file: verify goes on without it, and finds nothing', async () => {
  const { store, sent, location, end, terminate } = await withMuchToMerge()
  const isMerged = (name: string): boolean => levelOf(parseBodyFileName(name) ?? 0) > 0
  while (!(await readdir(join(location, 'bodies'))).some(isMerged)) await sleep(5)
  // In the moment between the two nothing is under way that could fail: then the rows are swapped without the thread.
  await terminate()
  expect((await store.admin.verify()).findings).toEqual([])
  await store.close()
  end()
  await checkAll(location, sent)
})

test('a store that is closed in the middle of a merge does not wait for it', async () => {
  const { store, sent, location, end } = await withMuchToMerge()
  await merging(store)
  // Each rest is longer than closing may take.
  const rest = sleep(slowTidy.tuning.tidyRestMs * 4).then(() => 'rest')
  expect(await Promise.race([store.close().then(() => 'closed'), rest])).toBe('closed')
  end()
  await checkAll(location, sent)
})

/** What a process of its own says until it ends, by itself and without an error. */
async function saidBy(...args: string[]): Promise<string> {
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  onTestFinished(() => void child.kill('SIGKILL'))
  let said = ''
  child.stdout.on('data', (text: Buffer) => (said += text.toString()))
  expect(await once(child, 'close')).toEqual([0, null])
  return said
}

test.each(['close', 'verify'])(
  'a process that has nothing else to do does not end in the middle of a %s that waits for a merge',
  async (call) => {
    const location = await temporaryDirectory()
    const script = fileURLToPath(new URL('../crash/last-call-worker.js', import.meta.url))
    expect(await saidBy(script, location, call)).toBe('merging\ndone\n')
  },
)

test('the thread has none of the options that the process was begun with', async () => {
  const location = await temporaryDirectory()
  const { href } = new URL('../../src/index.js', import.meta.url)
  // As somebody tries a library: what is typed is a module.
  const code = `
    import { openMessageStore } from ${JSON.stringify(href)}
    const store = await openMessageStore({ location: ${JSON.stringify(location)} })
    for (let i = 0; i < 800; i++) store.sendMessage({ sender: 'a', receiver: 'b', text: 'x'.repeat(1000) })
    await store.admin.checkpoint()
    await store.close()
    console.log('done')`
  expect(await saidBy('--input-type=module', '-e', code)).toBe('done\n')
})

test('a process that has nothing else to do does not end in the middle of a checkpoint either', async () => {
  const location = await temporaryDirectory()
  const script = fileURLToPath(new URL('../crash/importer-worker.js', import.meta.url))
  const heads = Array.from({ length: 40 }, () => 120)
  expect(await saidBy(script, location)).toBe(`${heads.join(' ')}\n`)
})

test('what it makes is what the calling thread makes', async () => {
  const results: unknown[] = []
  for (const flushThread of [true, false]) {
    let made = 0
    const end = threads(() => made++)
    const location = await temporaryDirectory()
    const one = { ...largeTalk, tuning: { ...largeTalk.tuning, flushThread } }
    const store = await openCrashStore({ location, variant: one })
    const sent = fresh()
    await sendUntil(store, 20, sent)
    for (let merges = 0; merges === 0; await sleep(5)) {
      await store.admin.checkpoint()
      merges = (await store.admin.stats()).bodies.merges
    }
    expect((await store.admin.verify()).findings).toEqual([])
    const { shards, bodies } = await store.admin.stats()
    // A checkpoint is a row in each shard; all others come from flushes and merges.
    const rows = shards.reduce((sum, { rowsWritten }) => sum + rowsWritten, 0)
    expect(rows).toBeGreaterThan(100)
    expect(bodies.bytesWritten).toBeGreaterThan(sent.acknowledged.size * 1000)
    await store.close()
    end()
    expect(made).toBe(flushThread ? 1 : 0)
    await checkAll(location, sent)
    results.push([sent.acknowledged, (await readdir(join(location, 'bodies'))).length > 0])
  }
  expect(results[0]).toEqual(results[1])
})

function causes(error: unknown): string {
  if (!(error instanceof Error)) return ''
  return `${'code' in error ? String(error.code) : ''} ${error.message} ${causes(error.cause)}`
}

import { readdir, readlink, truncate } from 'node:fs/promises'
import { join } from 'node:path'
import { setImmediate as turn } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { openMessageStore } from '../../src/index.js'
import { openCrashStore, variantNamed } from '../crash/crash-store.js'
import { temporaryDirectory } from '../fixtures/temporary-directory.js'

const descriptors = '/proc/self/fd'
const reason = 'only Linux says which files a process has open'
const isLinux = process.platform === 'linux'

/** What this process has open: how many files, and which of them lie in the directory. */
async function openFiles(directory: string): Promise<{ count: number; inside: string[] }> {
  const paths = await Promise.all(
    (await readdir(descriptors)).map((number) => readlink(join(descriptors, number)).catch(() => null)),
  )
  const there = paths.filter((path) => path !== null)
  return { count: there.length, inside: there.filter((path) => path.startsWith(directory)) }
}

const request = (id: string) => ({ sender: 'ann', receiver: 'bob', id, text: id.repeat(300) })

test('a store that is opened and closed again and again, also in the middle of calls, leaves no file open', async ({
  skip,
}) => {
  skip(!isLinux, reason)
  const location = await temporaryDirectory()
  const variant = variantNamed('every flush on its thread')
  const counts: number[] = []
  for (let time = 1; time <= 8; time++) {
    const store = await openCrashStore({ location, variant })
    const sends = Array.from({ length: 40 }, (_, n) => store.sendMessage(request(`${time}-${n}`)))
    const reads = [
      store.getMessages('bob', { peer: 'ann' }),
      store.getChanges('bob'),
      store.admin.checkpoint(),
      store.admin.verify(),
    ]
    if (time % 2 === 0) await Promise.all([...sends, ...reads])
    const closed = store.close()
    await Promise.allSettled([...sends, ...reads])
    await closed
    const { count, inside } = await openFiles(location)
    expect([time, inside]).toEqual([time, []])
    counts.push(count)
  }
  // The first ones open what this process keeps, as the threads of its pool.
  expect(Math.max(...counts.slice(4))).toBeLessThanOrEqual(Math.max(...counts.slice(0, 4)))
})

test('an opening that is refused leaves none open either', async ({ skip }) => {
  skip(!isLinux, reason)
  const location = await temporaryDirectory()
  const store = await openMessageStore({ location })
  await store.sendMessage(request('1'))
  const { count } = await openFiles(location)
  for (let time = 1; time <= 10; time++)
    await expect(openMessageStore({ location })).rejects.toMatchObject({ code: 'LOCKED' })
  expect((await openFiles(location)).count).toBe(count)
  await store.close()
  const { count: without } = await openFiles(location)
  for (let time = 1; time <= 10; time++)
    await expect(openMessageStore({ location, shards: 3 })).rejects.toMatchObject({ code: 'INCOMPATIBLE' })
  // The second shard is damaged: the first one is open by then.
  await truncate(join(location, 'shards', '0001', 'CURRENT'), 0)
  for (let time = 1; time <= 10; time++)
    await expect(openMessageStore({ location })).rejects.toMatchObject({ code: 'CORRUPT' })
  expect(await openFiles(location)).toEqual({ count: without, inside: [] })
})

test('subscriptions that begin, read what is stored and are aborted open no file that stays', async ({
  skip,
}) => {
  skip(!isLinux, reason)
  const location = await temporaryDirectory()
  const { name, settings, tuning } = variantNamed('several generations in one segment')
  // Merges open files in the background, and close them.
  const variant = { name, settings, tuning: { ...tuning, tidyFiles: Infinity } }
  const first = await openCrashStore({ location, variant })
  const { token } = await first.getChanges('bob')
  for (let n = 0; n < 60; n++) await first.sendMessage(request(String(n)))
  await first.close()
  const store = await openCrashStore({ location, variant })
  const round = async (): Promise<string[]> => {
    await Promise.all(
      Array.from({ length: 50 }, async (_, i) => {
        const controller = new AbortController()
        const changes = store.subscribe('bob', { since: token, signal: controller.signal })
        const reading = changes[Symbol.asyncIterator]().next()
        for (let turns = i % 7; turns > 0; turns--) await turn()
        controller.abort()
        await reading
      }),
    )
    return (await openFiles(location)).inside.sort()
  }
  // What is read of bodies stays open, up to a number.
  await store.getMessages('bob', { peer: 'ann' }, { limit: 1000 })
  const after = await round()
  for (let time = 1; time <= 5; time++) expect(await round()).toEqual(after)
  await store.close()
  expect((await openFiles(location)).inside).toEqual([])
})

import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { expect, onTestFinished, test } from 'vitest'
import { openMessageStore } from '../../src/index.js'
import { temporaryDirectory } from '../fixtures/temporary-directory.js'

const opener = new URL('../crash/store-opener.js', import.meta.url)

interface Answer {
  readonly opened?: boolean
  readonly code?: string
  readonly pid?: number
}

async function inProcess(location: string): Promise<Answer & { readonly end: () => Promise<void> }> {
  const child = fork(opener, [location])
  onTestFinished(() => void child.kill('SIGKILL'))
  const [answer] = (await once(child, 'message')) as [Answer]
  const end = async (): Promise<void> => {
    const gone = once(child, 'exit')
    child.kill('SIGKILL')
    await gone
  }
  return { ...answer, end }
}

async function inThread(location: string): Promise<Answer> {
  const worker = new Worker(opener, { argv: [location] })
  const [answer] = (await once(worker, 'message')) as [Answer]
  await worker.terminate()
  return answer
}

const send = (n: number) => ({ sender: 'ann', receiver: 'bob', id: String(n), text: 'hello' })

test('another handle, a thread and another process are refused and told who, and the holder works on', async () => {
  const location = await temporaryDirectory()
  const store = await openMessageStore({ location })
  const refusal = { code: 'LOCKED', pid: process.pid }
  for (let time = 1; time <= 2; time++) {
    await expect(openMessageStore({ location })).rejects.toMatchObject({
      code: 'LOCKED',
      details: { pid: process.pid },
    })
    expect(await inThread(location)).toEqual(refusal)
    expect(await inProcess(location)).toMatchObject(refusal)
    expect((await store.sendMessage(send(time))).seq).toBe(time)
    await store.admin.checkpoint()
  }
  await store.close()
  const next = await inProcess(location)
  expect(next).toMatchObject({ opened: true })
  await next.end()
  const again = await openMessageStore({ location })
  expect((await again.getConversation('bob', { peer: 'ann' }))?.headSeq).toBe(2)
  await again.close()
})

test('what a dead process left is taken over, also when its number belongs to another one by now', async () => {
  const location = await temporaryDirectory()
  const first = await inProcess(location)
  expect(first).toMatchObject({ opened: true })
  await first.end()
  const store = await openMessageStore({ location })
  const lock = join(location, 'LOCK.json')
  const record = await readFile(lock, 'utf8')
  await store.close()
  // Number 1 is always running, and it did not start when this process did.
  await writeFile(lock, JSON.stringify({ ...(JSON.parse(record) as object), pid: 1 }))
  const reopened = await openMessageStore({ location })
  await reopened.close()
})

test('a holder in another container, of which nobody can say whether it runs: LevelDB knows, and nothing changes for it', async () => {
  const location = await temporaryDirectory()
  const holder = await inProcess(location)
  expect(holder).toMatchObject({ opened: true })
  const lock = join(location, 'LOCK.json')
  const record = JSON.parse(await readFile(lock, 'utf8')) as { pid: number }
  const elsewhere = `${JSON.stringify({ ...record, pidNamespace: 'pid:[1]', hostname: 'container' }, null, 2)}\n`
  await writeFile(lock, elsewhere)
  for (let time = 1; time <= 2; time++) {
    await expect(openMessageStore({ location })).rejects.toMatchObject({
      code: 'LOCKED',
      details: { pid: record.pid, hostname: 'container' },
    })
    expect(await readFile(lock, 'utf8')).toBe(elsewhere)
  }
  // Refused before LevelDB was asked: then it is unknown whether they are there, and their lock stays as well.
  await expect(openMessageStore({ location, shards: 3 })).rejects.toMatchObject({ code: 'INCOMPATIBLE' })
  expect(await readFile(lock, 'utf8')).toBe(elsewhere)
  await holder.end()
  const store = await openMessageStore({ location })
  await store.close()
})

// A process loses a lock of the system's on a file as soon as it closes any descriptor of that file. LOCK.json refuses before LevelDB
// is asked, so whether LevelDB's own locks are still there shows only where nobody can judge LOCK.json.
test('what was refused, and a verify, leave LevelDB its own locks', async () => {
  const location = await temporaryDirectory()
  // Of one shard: who gets the first of two is still refused by the second.
  const store = await openMessageStore({ location, shards: 1 })
  await store.sendMessage(send(1))
  const lock = join(location, 'LOCK.json')
  const own = await readFile(lock, 'utf8')
  const elsewhere = JSON.stringify({ ...(JSON.parse(own) as object), pidNamespace: 'pid:[1]' })
  await expect(openMessageStore({ location })).rejects.toMatchObject({ code: 'LOCKED' })
  expect(await inThread(location)).toMatchObject({ code: 'LOCKED' })
  await store.admin.verify()
  await writeFile(lock, elsewhere)
  expect(await inProcess(location)).toMatchObject({ code: 'LOCKED', pid: process.pid })
  await writeFile(lock, own)
  expect((await store.sendMessage(send(2))).seq).toBe(2)
  await store.close()
})

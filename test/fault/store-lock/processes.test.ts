import { fork, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { expect, onTestFinished, test } from 'vitest'
import { claimName, lockName } from '../../../src/formats/lock-record.js'
import { StoreLock } from '../../../src/local/store-lock/store-lock.js'
import { systemClock } from '../../../src/platform/clock.js'
import { nodeFileSystem } from '../../../src/platform/node-file-system.js'
import { systemProcess } from '../../../src/platform/process-identity.js'
import { systemRandom } from '../../../src/platform/random.js'
import { temporaryDirectory } from '../../fixtures/temporary-directory.js'

const contender = new URL('../../fixtures/lock-contender.js', import.meta.url)

const acquire = (directory: string) =>
  StoreLock.acquire({
    directory,
    fileSystem: nodeFileSystem,
    clock: systemClock,
    random: systemRandom,
    process: systemProcess,
  })

interface Answer {
  readonly held?: true
  readonly code?: string
  readonly details?: Record<string, unknown>
  readonly error?: string
}

async function startChild(directory: string): Promise<{ child: ChildProcess; answer: Promise<Answer> }> {
  const child = fork(contender, [directory])
  onTestFinished(() => void child.kill('SIGKILL'))
  await once(child, 'message')
  return { child, answer: once(child, 'message').then(([message]) => message as Answer) }
}

async function kill(child: ChildProcess): Promise<void> {
  const gone = once(child, 'exit')
  child.kill('SIGKILL')
  await gone
}

test('many processes at once over the lock of one that was killed: one holds it, the others name it', async () => {
  const directory = await temporaryDirectory()
  const dead = await startChild(directory)
  dead.child.send('go')
  expect(await dead.answer).toEqual({ held: true })
  await kill(dead.child)
  expect(await readdir(directory)).toEqual(['LOCK.json'])

  const children = await Promise.all(Array.from({ length: 5 }, () => startChild(directory)))
  for (const { child } of children) child.send('go')
  const answers = await Promise.all(children.map(({ answer }) => answer))
  const holders = answers.filter(({ held }) => held)
  expect(holders).toHaveLength(1)
  expect(answers.filter(({ code }) => code === 'LOCKED')).toHaveLength(4)
  expect(await readdir(directory)).toEqual(['LOCK.json'])

  const holder = children[answers.indexOf(holders[0]!)]!.child
  await expect(acquire(directory)).rejects.toMatchObject({ code: 'LOCKED', details: { pid: holder.pid } })
  await kill(holder)
  const lock = await acquire(directory)
  expect(lock.replaced).toMatchObject({ pid: holder.pid })
  await lock.release()
})

test('a worker thread and this thread exclude each other, and other processes stay out all the while', async () => {
  const directory = await temporaryDirectory()
  const lock = await acquire(directory)
  const tryInWorker = async (): Promise<{ worker: Worker; answer: Answer }> => {
    const worker = new Worker(contender, { argv: [directory] })
    onTestFinished(async () => void (await worker.terminate()))
    await once(worker, 'message')
    worker.postMessage('go')
    const [answer] = (await once(worker, 'message')) as [Answer]
    return { worker, answer }
  }
  const first = await tryInWorker()
  expect(first.answer).toMatchObject({ code: 'LOCKED', details: { pid: process.pid, thread: 0 } })
  const child = await startChild(directory)
  child.child.send('go')
  expect(await child.answer).toMatchObject({ code: 'LOCKED', details: { pid: process.pid } })
  await lock.release()

  const second = await tryInWorker()
  expect(second.answer).toEqual({ held: true })
  await expect(acquire(directory)).rejects.toMatchObject({
    code: 'LOCKED',
    details: { pid: process.pid, thread: second.worker.threadId },
  })
})

test('who opens a store while somebody else claims it waits for that one, also if the process has nothing else to do', async () => {
  const elsewhere = await temporaryDirectory()
  const lock = await acquire(elsewhere)
  const record = JSON.parse(await readFile(join(elsewhere, lockName), 'utf8')) as { nonce: string }
  await lock.release()
  // The last of all claims, of a process that runs: this one.
  const nonce = 'f'.repeat(16)
  const directory = await temporaryDirectory()
  const claim = join(directory, claimName(nonce))
  await writeFile(claim, JSON.stringify({ ...record, nonce }))
  const index = new URL('../../../src/index.js', import.meta.url)
  const program = `import { openMessageStore } from '${index.href}'
    const store = await openMessageStore({ location: process.argv[1] })
    console.log('open')
    await store.close()`
  const child = spawn(process.execPath, ['--input-type=module', '--eval', program, directory], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  let said = ''
  child.stdout.on('data', (text: Buffer) => (said += text.toString()))
  const gone = once(child, 'close')
  while (!(await readdir(directory)).some((name) => name.startsWith('LOCK.') && !name.includes(nonce)))
    await sleep(1)
  await sleep(50)
  expect(said).toBe('')
  await rm(claim)
  expect(await gone).toEqual([0, null])
  expect(said).toBe('open\n')
})

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { open, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { openCrashStore, variantNamed } from '../crash/crash-store.js'
import { temporaryDirectory } from '../fixtures/temporary-directory.js'

const worker = fileURLToPath(new URL('small-heap-worker.js', import.meta.url))

/** Messages that a process sends before it begins to fill its heap. */
const untilItHoards = 640

test('processes that run out of heap while they send and flush, one behind the other: all that was acknowledged is there', async () => {
  const desk = await temporaryDirectory()
  const location = join(desk, 'store')
  const acknowledged = new Map<number, number>()
  for (let time = 1; time <= 2; time++) {
    const from = Math.max(-1, ...acknowledged.keys()) + 1
    const said = join(desk, `said-${time}`)
    const output = await open(said, 'wx')
    const args = ['--max-old-space-size=64', worker, location, String(from), String(from + untilItHoards)]
    // Should the system keep a core, it goes with the test.
    const child = spawn(process.execPath, args, { stdio: ['ignore', output.fd, 'pipe'], cwd: desk })
    onTestFinished(() => void child.kill('SIGKILL'))
    let complaint = ''
    child.stderr?.on('data', (text: Buffer) => (complaint += text.toString()))
    const [, signal] = (await once(child, 'close')) as [number | null, string | null]
    await output.close()
    expect([signal, complaint]).toEqual(['SIGABRT', expect.stringContaining('heap out of memory')])
    const lines = await readFile(said, 'latin1')
    for (const [, n, seq] of lines.matchAll(/^(\d+) (\d+)$/gm)) acknowledged.set(Number(n), Number(seq))
    // The store itself has enough.
    expect(Math.max(...acknowledged.keys())).toBeGreaterThan(from + untilItHoards)
  }
  const store = await openCrashStore({
    location,
    variant: variantNamed('several generations in one segment'),
  })
  const wrong: string[] = []
  for (let after = 0; ;) {
    const { items } = await store.getMessages('bob', { peer: 'ann' }, { after, limit: 1000 })
    for (const { id, seq, text } of items) {
      if (text !== id.repeat(100)) wrong.push(`${id} has another text`)
      if (acknowledged.get(Number(id)) === seq) acknowledged.delete(Number(id))
    }
    after = items.at(-1)?.seq ?? after
    if (items.length < 1000) break
  }
  expect(wrong).toEqual([])
  expect([...acknowledged]).toEqual([])
  expect((await store.admin.verify()).findings).toEqual([])
  await store.close()
})

import { spawn } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { SeededRandom } from '../../demo/random.js'
import { temporaryDirectory } from '../fixtures/temporary-directory.js'

const main = fileURLToPath(new URL('../../demo/main.js', import.meta.url))
const users = 40
const lines = 3000

interface Ran {
  readonly code: number | null
  readonly output: string
}

/** Runs the demo; with `killAfterMs` it is killed that long after it has begun to play. */
function runDemo(args: readonly string[], killAfterMs?: number): Promise<Ran> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [main, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
    let output = ''
    let playing = false
    const take = (chunk: Buffer): void => {
      output += chunk.toString()
      if (playing || killAfterMs === undefined || !output.includes('messages of')) return
      playing = true
      setTimeout(() => child.kill('SIGKILL'), killAfterMs)
    }
    child.stdout.on('data', take)
    child.stderr.on('data', take)
    child.on('error', reject)
    child.on('close', (code) => {
      resolve({ code, output })
    })
  })
}

function makeTrace(random: SeededRandom): string {
  const rows = Array.from({ length: lines }, (_, index) => {
    const sender = random.skewed(users)
    const receiver = (sender + 1 + random.skewed(users - 1)) % users
    return `${sender} ${receiver} ${1_082_040_961 + index}`
  })
  return ['src dst time', ...rows].join('\n')
}

test('a trace that is killed again and again is taken up, verifies, and is all duplicates in the end', async () => {
  const seed = randomInt(2 ** 31)
  console.log(`seed ${seed}`)
  const random = new SeededRandom(seed)
  const directory = await temporaryDirectory()
  const trace = join(directory, 'trace.txt')
  const args = ['--trace', trace, '--dir', join(directory, 'store')]
  await writeFile(trace, makeTrace(random))

  for (let kill = 0; kill < 2; kill++) {
    const { output } = await runDemo(args, random.between(10, 300))
    expect(output, `seed ${seed}`).not.toContain('DIFFERENCES')
  }
  const second = await runDemo(args)
  expect(second.code, `seed ${seed}\n${second.output}`).toBe(0)
  expect(second.output).toContain(`${users} of ${users} users equal`)

  const third = await runDemo(args)
  expect(third.code, `seed ${seed}\n${third.output}`).toBe(0)
  expect(third.output).toContain(`0 stored, ${lines} duplicates`)
})

test('a trace that is not there: 2, and which, without where in the code', async () => {
  const { code, output } = await runDemo(['--trace', '/nowhere/trace.txt'])
  expect(code).toBe(2)
  expect(output).toMatch(/ENOENT.*\/nowhere\/trace\.txt/)
  expect(output).not.toContain('    at ')
})

test('output that nobody reads to its end does not end the demo, which leaves nothing behind', async () => {
  const directory = await temporaryDirectory()
  const child = spawn(process.execPath, [main, '--messages', '100'], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, TMPDIR: directory, TEMP: directory, TMP: directory },
  })
  child.stdout.destroy()
  expect(await once(child, 'close')).toEqual([0, null])
  expect(await readdir(directory)).toEqual([])
})

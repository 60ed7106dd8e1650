import { cp, mkdtemp, open, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ManualClock } from '../../../src/model-checking/manual-clock.js'
import { makeSample, openSample } from '../verify/sample-store.js'
import { copyOf, repair, seenIn } from './damaged-store.js'

let crashed: string
let segments: string[]
let whole: unknown
/** What a crash leaves of a store whose log ends in two segments with messages that are nowhere else. */
beforeAll(async () => {
  const sample = await makeSample()
  const store = await openSample(sample, new ManualClock(), { generationBytes: 1 << 20 })
  for (let i = 0; i < 8; i++)
    await store.sendMessage({ sender: 'dan', receiver: 'ann', text: `late ${i} ${'x'.repeat(1500)}` })
  crashed = await mkdtemp(join(tmpdir(), 'columba-crashed-'))
  await cp(sample, crashed, { recursive: true })
  await store.close()
  whole = await seenIn(sample)
  await rm(sample, { recursive: true })
  await rm(join(crashed, 'LOCK.json'))
  segments = (await readdir(join(crashed, 'log'))).filter((name) => name.endsWith('.log')).sort()
})
afterAll(() => rm(crashed, { recursive: true, force: true }))

async function overwrite(location: string, name: string, at: number, bytes: Buffer): Promise<void> {
  const file = await open(join(location, 'log', name), 'r+')
  await file.write(bytes, 0, bytes.length, at)
  await file.close()
}

test.each([
  ['the last segment', 1, 0],
  ['the one before it', 2, 1],
  ['both', 2, 0],
])('a damaged header of %s costs none of its records', async (_, from, to) => {
  const location = await copyOf(crashed)
  const damaged = segments.slice(-from, to === 0 ? undefined : -to)
  expect(damaged).toHaveLength(from - to)
  for (const name of damaged) await overwrite(location, name, 0, Buffer.alloc(64, 0xff))
  const report = await repair(location)
  expect(report).toMatchObject({ outcome: 'repaired', lost: [] })
  expect(report.salvaged).toMatchObject({ 'segments of the log without their header': damaged.length })
  expect(await seenIn(location)).toEqual(whole)
})

test('a segment without its header and with damage behind that costs the damaged frame', async () => {
  const location = await copyOf(crashed)
  const name = segments.at(-1) as string
  // The first frame begins right behind the header.
  await overwrite(location, name, 0, Buffer.alloc(300))
  const report = await repair(location)
  expect(report.outcome).toBe('repaired')
  const where = expect.stringContaining(`log/${name}, offset 64`) as unknown
  expect(report.lost).toContainEqual({ what: 'damaged part of the log', where })
  expect(JSON.stringify(await seenIn(location))).toContain('late 7')
})

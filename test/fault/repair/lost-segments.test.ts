import { readdir, truncate, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { segmentHeaderBytes } from '../../../src/formats/segment.js'
import type { RepairReport } from '../../../src/local/offline-repair/repair-store.js'
import { temporaryDirectory } from '../../fixtures/temporary-directory.js'
import { makeSample, openSample } from '../verify/sample-store.js'
import { killed, messagesOf, repair, seenIn } from './damaged-store.js'

async function segmentsOf(location: string): Promise<string[]> {
  return (await readdir(join(location, 'log'))).filter((name) => name.startsWith('segment-')).sort()
}

/** The sample, killed, with a log that has messages in several segments behind the checkpoint. */
async function inSeveralSegments(): Promise<{ location: string; segments: string[] }> {
  const sample = await makeSample()
  const before = await segmentsOf(sample)
  const store = await openSample(sample, undefined, { generationBytes: 1 << 20 })
  for (let i = 0; i < 20; i++)
    await store.sendMessage({ sender: 'dan', receiver: 'ann', text: `late ${i} ${'x'.repeat(1500)}` })
  const location = await killed(store, sample)
  const segments = await segmentsOf(location)
  expect(segments.length).toBeGreaterThan(before.length + 2)
  return { location, segments }
}

/** A store that was killed before its first checkpoint, with messages in a body file. */
async function beforeTheFirstCheckpoint(): Promise<string> {
  const location = await temporaryDirectory()
  const store = await openSample(location, undefined, { checkpointBytes: 1 << 30, segmentBytes: 1 << 20 })
  for (let i = 0; i < 20; i++) await store.sendMessage({ sender: 'dan', receiver: 'ann', text: `first ${i}` })
  await store.groups.create({ creator: 'dan', members: ['ann'], id: 'group' })
  while (!(await readdir(join(location, 'bodies'))).some((name) => name.endsWith('.bodies'))) await sleep(5)
  return killed(store, location)
}

const said = ({ lost }: RepairReport): string[] => lost.map(({ what }) => what.split(':')[0] as string)

test('the first segments behind the checkpoint: what they had is named by its positions, and no shard is blamed', async () => {
  const { location, segments } = await inSeveralSegments()
  for (const name of segments.slice(0, -1)) await unlink(join(location, 'log', name))
  const report = await repair(location)
  expect(report.refused).not.toBeNull()
  expect([...new Set(said(report))].sort()).toEqual(['lost messages', 'records that the log lacks'])
  const gap = report.lost.find(({ what }) => what === 'records that the log lacks')?.where ?? ''
  const [, first = 0, last = 0] = (/^positions (\d+) to (\d+)$/.exec(gap) ?? []).map(Number)
  expect(last - first).toBeGreaterThan(5)
  const seen = [...messagesOf(await seenIn(location)).values()]
  expect(seen.filter(({ text }) => text.startsWith('late'))).toHaveLength(20 - (last - first + 1))
})

test('one in the middle: the same', async () => {
  const { location, segments } = await inSeveralSegments()
  await unlink(join(location, 'log', segments.at(-2) as string))
  const report = await repair(location)
  expect([...new Set(said(report))].sort()).toEqual(['lost messages', 'records that the log lacks'])
})

test('all of them, before the first checkpoint: the log is missing', async () => {
  const location = await beforeTheFirstCheckpoint()
  for (const name of await segmentsOf(location)) await unlink(join(location, 'log', name))
  const report = await repair(location)
  expect(said(report)).toContain('missing log')
  expect(said(report).filter((what) => what.startsWith('shard'))).toEqual([])
})

test('all that the first one had, before the first checkpoint: the log ends too early', async () => {
  const location = await beforeTheFirstCheckpoint()
  const [name = ''] = await segmentsOf(location)
  await truncate(join(location, 'log', name), segmentHeaderBytes)
  const report = await repair(location)
  expect(said(report)).toContain('log that ends too early, as an older copy does')
  expect(said(report).filter((what) => what.startsWith('shard'))).toEqual([])
})

import { ClassicLevel } from 'classic-level'
import { mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { encodeChanges } from '../../../src/formats/change-list.js'
import { groupPrefix, keys, userPrefix } from '../../../src/formats/keys.js'
import { decodeManifest, type Manifest } from '../../../src/formats/manifest.js'
import { rows } from '../../../src/formats/rows.js'
import { sealValue } from '../../../src/formats/sealed-value.js'
import { logName, manifestName } from '../../../src/formats/store-names.js'
import { gatherLog } from '../../../src/local/offline-repair/gather-log.js'
import { gatherShard } from '../../../src/local/offline-repair/gather-shard.js'
import { Facts } from '../../../src/local/repair/facts.js'
import { RepairNotes } from '../../../src/local/repair/repair-notes.js'
import type { Trace } from '../../../src/local/repair/traces.js'
import { nodeFileSystem } from '../../../src/platform/node-file-system.js'
import { openSample } from '../../fault/verify/sample-store.js'
import { MemoryRows } from '../../fixtures/memory-rows.js'
import { temporaryDirectory } from '../../fixtures/temporary-directory.js'

const MiB = 1024 * 1024

const partsOf = (facts: Facts) => ({
  fileSystem: nodeFileSystem,
  manifest: { storeId: Buffer.alloc(16) } as unknown as Manifest,
  facts,
  notes: RepairNotes.silent(),
  onProgress: () => undefined,
})

/** What a repair puts of a shard that has these rows in its tables. */
async function gathered(put: (row: (key: Buffer, payload: Buffer) => void) => void): Promise<{
  facts: Facts
  found: MemoryRows
}> {
  const store = await temporaryDirectory()
  const shard = join(store, 'shards', '0000')
  await mkdir(shard, { recursive: true })
  const options = { keyEncoding: 'buffer', valueEncoding: 'buffer' }
  const database = new ClassicLevel<Buffer, Buffer>(shard, options)
  await database.open()
  const batch = database.batch()
  put((key, payload) => batch.put(key, sealValue(key, payload)))
  await batch.write()
  await database.compactRange(Buffer.of(0), Buffer.of(0xff))
  await database.close()
  const found = new MemoryRows()
  const facts = new Facts(found)
  await gatherShard(partsOf(facts), store, 0)
  return { facts, found }
}

async function tracesIn(facts: Facts): Promise<Trace[]> {
  const traces: Trace[] = []
  for await (const conversation of facts.conversations())
    for await (const fact of conversation.facts) if (fact.kind === 'trace') traces.push(fact.trace)
  return traces
}

test('of a feed in which the same marks move again and again only their last moves are kept', async () => {
  const users = 50
  const { facts, found } = await gathered((row) => {
    for (let generation = 1; generation <= 100; generation++) {
      const changes = Array.from({ length: 1000 }, (_, i) => ({
        position: 1000 * generation + i,
        kind: i % 2 === 0 ? ('read' as const) : ('delivered' as const),
        conversation: 'group',
        user: `user ${i % users}`,
      }))
      row(keys.changes(groupPrefix('group'), 1000 * generation + 1000), encodeChanges(changes))
    }
  })
  expect(found.size).toBe(users)
  const traces = await tracesIn(facts)
  expect(traces.map(({ position }) => position).sort((a, b) => a - b)).toEqual(
    Array.from({ length: users }, (_, i) => 101_000 - users + i),
  )
})

test('the rows of a table do not wait in memory until all of them have been read', async () => {
  const { found } = await gathered((row) => {
    const marks = { read: 1, readAt: 1, ownAtRead: 0, delivered: 1, deliveredAt: 1 }
    for (let i = 0; i < 60_000; i++)
      row(keys.marks(userPrefix('ann'), `group ${i}`), rows.marks.encode(marks))
  })
  expect(found.size).toBe(60_000)
  expect(found.mostUnsettled).toBeGreaterThan(2 * MiB)
  expect(found.mostUnsettled).toBeLessThan(5 * MiB)
})

test('neither do the records of a segment of the log', async () => {
  const location = await temporaryDirectory()
  const all = 64 * MiB
  const tuning = { generationBytes: all, segmentBytes: all, checkpointBytes: all }
  const store = await openSample(location, undefined, tuning)
  const text = 'x'.repeat(50_000)
  for (let sent = 0; sent < 400; sent += 100)
    await Promise.all(
      Array.from({ length: 100 }, () => store.sendMessage({ sender: 'ann', receiver: 'ben', text })),
    )
  const found = new MemoryRows()
  const manifest = decodeManifest(await readFile(join(location, manifestName)), manifestName)
  const parts = { ...partsOf(new Facts(found)), manifest }
  const { last } = await gatherLog(parts, join(location, logName))
  await store.close()
  expect(last).toBeGreaterThanOrEqual(400)
  expect(found.mostUnsettled).toBeGreaterThan(2 * MiB)
  expect(found.mostUnsettled).toBeLessThan(5 * MiB)
})

test('an older trace does not take the place of a newer one, whenever it comes; that of a damaged row stays', async () => {
  const facts = new Facts(new MemoryRows())
  for (const positions of [[5, 7], [6], [0], [3]]) {
    for (const position of positions) {
      facts.addTrace('group', { what: 'marks', user: 'ann', position })
      facts.addProfileTrace({ what: 'profile', user: 'ann', position })
    }
    await facts.settle()
  }
  expect((await tracesIn(facts)).map(({ position }) => position)).toEqual([0, 7])
  for await (const { traces } of facts.profiles())
    expect([...traces]).toEqual([{ what: 'profile', user: 'ann', position: 7, isDamaged: true }])
})

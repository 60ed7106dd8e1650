import { ClassicLevel } from 'classic-level'
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { Manifest } from '../../../src/formats/manifest.js'
import { encodeShardCheckpoint, shardCheckpointKey } from '../../../src/formats/shard-identity.js'
import { gatherShard, type GatheredShard } from '../../../src/local/offline-repair/gather-shard.js'
import { Facts } from '../../../src/local/repair/facts.js'
import { RepairNotes } from '../../../src/local/repair/repair-notes.js'
import { nodeFileSystem } from '../../../src/platform/node-file-system.js'
import { MemoryRows } from '../../fixtures/memory-rows.js'
import { temporaryDirectory } from '../../fixtures/temporary-directory.js'

/** Makes a database with one table that says that it reaches so far. Returns the table. */
async function makeShard(directory: string, position: number): Promise<Buffer> {
  await mkdir(directory, { recursive: true })
  const options = { keyEncoding: 'buffer', valueEncoding: 'buffer', compression: false }
  const database = new ClassicLevel<Buffer, Buffer>(directory, options)
  await database.open()
  const batch = database.batch().put(shardCheckpointKey, encodeShardCheckpoint({ position, epoch: 1 }))
  // Beyond its first block.
  for (let i = 0; i < 20; i++) batch.put(Buffer.of(0xf0, i), Buffer.alloc(1024))
  await batch.write()
  await database.compactRange(Buffer.of(0), Buffer.of(0xff))
  await database.close()
  const table = (await readdir(directory)).find((name) => name.endsWith('.ldb'))
  return readFile(join(directory, table as string))
}

/** What a shard says that reaches up to position 5, beside a table, of one that says 100, that is not in its list. */
async function gathered(begun: (table: Buffer) => Buffer): Promise<GatheredShard> {
  const store = await temporaryDirectory()
  const shard = join(store, 'shards', '0000')
  await makeShard(shard, 5)
  await writeFile(join(shard, '999999.ldb'), begun(await makeShard(join(store, 'other'), 100)))
  const parts = {
    fileSystem: nodeFileSystem,
    manifest: { storeId: Buffer.alloc(16) } as unknown as Manifest,
    facts: new Facts(new MemoryRows()),
    notes: RepairNotes.silent(),
    onProgress: () => undefined,
  }
  return gatherShard(parts, store, 0)
}

test('how far a shard reaches is not told by a table that LevelDB had only begun', async () => {
  const nothingElse = { isDamaged: false, damagedLogs: [] }
  for (const length of [8192, 4200, 9])
    expect(await gathered((table) => table.subarray(0, length))).toEqual({
      checkpoint: 5,
      inTables: 5,
      ...nothingElse,
    })
  expect(await gathered((table) => table)).toEqual({ checkpoint: 100, inTables: 100, ...nothingElse })
})

import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { SeededChance } from '../../src/backend/reference/seeded-chance.js'
import { beyondEveryKey } from '../../src/formats/shard-identity.js'
import { isLevelLog } from '../../src/formats/shard-names.js'
import { openClassicLevel } from '../../src/local/shards/classic-level-opener.js'
import type { ShardDatabase, ShardIteratorOptions } from '../../src/local/shards/shard-database.js'
import { simulatedFiles } from '../fixtures/simulated-files.js'

interface Database {
  readonly database: ShardDatabase
  readonly reopen: () => Promise<Database>
  /** Names of logs, of other files, and the manifest that counts. */
  readonly names: () => Promise<string[]>
  readonly settle: <T>(work: Promise<T>) => Promise<T>
}

const options = { writeBufferBytes: 64 * 1024, blockCacheBytes: 64 * 1024, compression: false }

async function real(location: string, create: boolean): Promise<Database> {
  const database = await openClassicLevel(location, { ...options, create })
  return {
    database,
    reopen: async () => {
      await database.close()
      return real(location, false)
    },
    names: () => readdir(location),
    settle: (work) => work,
  }
}

async function simulated(seed: number): Promise<Database> {
  const { fileSystem, openLevel, settle } = simulatedFiles('/shard', seed)
  const begin = async (create: boolean): Promise<Database> => {
    const database = await settle(openLevel('/shard', { ...options, create }))
    return {
      database,
      reopen: async () => {
        await settle(database.close())
        return begin(false)
      },
      names: () => settle(fileSystem.list('/shard')),
      settle,
    }
  }
  return begin(true)
}

/** Runs the same random operations on a database and tells everything that it answered. */
async function play(seed: number, opened: Database): Promise<string[]> {
  const chance = new SeededChance(seed)
  const told: string[] = []
  let one = opened
  const key = (): Buffer =>
    Buffer.from([1, ...Array.from({ length: 1 + chance.below(2) }, () => chance.below(6) * 51)])
  const snapshots: ReturnType<ShardDatabase['snapshot']>[] = []
  const some = (): ReturnType<ShardDatabase['snapshot']> | undefined =>
    snapshots.length > 0 && chance.happens(0.5) ? snapshots[chance.below(snapshots.length)] : undefined
  for (let step = 0; step < 150; step++) {
    const { database, settle } = one
    const kind = chance.below(20)
    if (kind < 8) {
      const batch = database.batch()
      for (let rows = 1 + chance.below(4); rows > 0; rows--) {
        if (chance.happens(0.3)) batch.del(key())
        else batch.put(key(), Buffer.alloc(chance.below(40), step))
      }
      await settle(batch.write())
    } else if (kind < 11) {
      const wanted = key()
      const snapshot = some()
      const value = await settle(database.get(wanted, { snapshot }))
      told.push(`get ${String(value?.toString('hex'))}`)
      told.push(`getSync ${String(database.getSync(wanted, { snapshot })?.toString('hex'))}`)
    } else if (kind < 13) {
      const values = await settle(database.getMany([key(), key(), key()], { snapshot: some() }))
      told.push(`getMany ${values.map((value) => String(value?.toString('hex'))).join()}`)
    } else if (kind < 16) {
      const range: ShardIteratorOptions = {
        gte: key(),
        lt: key(),
        reverse: chance.happens(0.5),
        limit: chance.happens(0.5) ? 1 + chance.below(5) : Infinity,
        fillCache: true,
        highWaterMarkBytes: 16_384,
        snapshot: some(),
      }
      const iterator = database.iterator(range)
      for (;;) {
        const rows = await settle(iterator.nextv(3))
        if (rows.length === 0) break
        told.push(rows.map(([name, value]) => `${name.toString('hex')}=${value.toString('hex')}`).join())
      }
      await settle(iterator.close())
    } else if (kind < 17) snapshots.push(database.snapshot())
    else if (kind < 18) await settle(snapshots.pop()?.close() ?? Promise.resolve())
    else if (kind < 19) {
      const before = (await one.names()).filter(isLevelLog)
      await settle(database.compactRange(beyondEveryKey, beyondEveryKey))
      const after = (await one.names()).filter(isLevelLog)
      told.push(
        `logs ${before.length} ${after.length} ${after.filter((name) => before.includes(name)).length}`,
      )
    } else {
      for (const snapshot of snapshots.splice(0)) await settle(snapshot.close())
      one = await one.reopen()
      told.push(`reopened ${(await one.names()).filter(isLevelLog).length}`)
    }
  }
  for (const snapshot of snapshots) await one.settle(snapshot.close())
  await one.settle(one.database.close())
  return told
}

test('the simulated LevelDB answers as the real one does, and its logs go as there', async () => {
  for (let seed = 1; seed <= 12; seed++) {
    const location = await mkdtemp(join(tmpdir(), 'columba-level-'))
    try {
      expect(await play(seed, await simulated(seed)), `seed ${seed}`).toEqual(
        await play(seed, await real(location, true)),
      )
    } finally {
      await rm(location, { recursive: true, force: true })
    }
  }
})

test('both refuse to make what is there and to open what is not, in the same words', async () => {
  const location = await mkdtemp(join(tmpdir(), 'columba-level-'))
  try {
    const said = async (open: Promise<unknown>): Promise<string> => {
      try {
        await open
        return 'opened'
      } catch (error) {
        const { code, message, cause } = error as Error & { code: string }
        return `${code} ${message}: ${(cause as Error).message.replace(/^(.*: )\S+: /, '$1')}`
      }
    }
    const empty = await mkdtemp(join(tmpdir(), 'columba-level-'))
    const refused = await said(real(empty, false))
    await rm(empty, { recursive: true, force: true })
    expect(refused).toBe(
      'LEVEL_DATABASE_NOT_OPEN Database failed to open: Invalid argument: does not exist (create_if_missing is false)',
    )
    const { openLevel, settle } = simulatedFiles('/shard', 1)
    expect(await settle(said(openLevel('/shard', { ...options, create: false })))).toBe(refused)
  } finally {
    await rm(location, { recursive: true, force: true })
  }
})

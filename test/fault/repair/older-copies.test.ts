import { cp, readdir, readFile, rm, stat, unlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { systemComponents } from '../../../src/cli/system-components.js'
import { isLevelList } from '../../../src/formats/shard-names.js'
import { rows } from '../../../src/formats/rows.js'
import { verifyTables } from '../../../src/local/offline-repair/verify-tables.js'
import { shortenIndexKey } from '../../fixtures/level-index.js'
import { makeSample, openSample } from '../verify/sample-store.js'
import { ShardEdit } from '../verify/shard-edit.js'
import { afterDamage, copyOf, flip, killed, messagesOf, repair, seenIn, tablesOf } from './damaged-store.js'

let sample: string
let whole: unknown
beforeAll(async () => {
  sample = await makeSample()
  whole = await seenIn(sample)
})
afterAll(() => rm(sample, { recursive: true, force: true }))

const after = (damage: (location: string) => Promise<unknown>) => afterDamage(sample, damage)

describe('two copies of a membership that differ', () => {
  test.each(['membership', 'member'] as const)(
    'in %s: the one that shows less is taken, and named',
    async (family) => {
      const [id, suffix] = family === 'member' ? ['large', 'dan'] : ['dan', 'large']
      const { report, seen } = await after((location) =>
        ShardEdit.of(location, async (shards) => {
          const row = await shards.row(family, id, suffix)
          const membership = rows.membership.decode(row.payload)
          const intervals = membership.intervals.map(({ from }) => ({ from, to: from }))
          await shards.put(row, rows.membership.encode({ ...membership, intervals }))
          await shards.compact()
        }),
      )
      expect(report.lost).toEqual([
        { what: 'membership of which two copies differ, one taken', where: 'group "large", user "dan"' },
      ])
      expect(JSON.stringify(seen)).not.toEqual(JSON.stringify(whole))
    },
  )

  test('one in the log and one in a shard that say the same do not', async () => {
    const location = await copyOf(sample)
    const store = await openSample(location)
    await store.groups.create({ id: 'young', creator: 'ann', members: ['ben', 'cem'] })
    await store.admin.checkpoint()
    const copy = await killed(store, location)
    await unlink(join(copy, 'shards', '0000', 'CURRENT'))
    const report = await repair(copy)
    expect(report).toMatchObject({ outcome: 'repaired', lost: [] })
    expect(await seenIn(copy)).toEqual(await seenIn(location))
  })

  test.each(['membership', 'member'] as const)('one in %s that has no interval is none', async (family) => {
    const [id, suffix] = family === 'member' ? ['large', 'dan'] : ['dan', 'large']
    const { report, seen } = await after((location) =>
      ShardEdit.of(location, async (shards) => {
        const row = await shards.row(family, id, suffix)
        const membership = rows.membership.decode(row.payload)
        await shards.put(row, rows.membership.encode({ ...membership, intervals: [] }))
      }),
    )
    expect(report.lost).toEqual([])
    expect(seen).toEqual(whole)
  })
})

describe('an older copy of a shard: what only it could say is named as lost', () => {
  /** The sample, and a copy of it in which much has changed since. */
  async function changed(): Promise<{ location: string; seen: unknown }> {
    const location = await copyOf(sample)
    const store = await openSample(location)
    await store.groups.rename('ann', 'small', 'Smaller')
    await store.contacts.add('ann', 'ben', { alias: 'Benjamin' })
    for (let i = 0; i < 30; i++)
      await store.sendMessage({ sender: 'dan', receiver: 'ann', text: `late ${i}` })
    await store.markRead('ann', { peer: 'ben' })
    await store.close()
    return { location, seen: await seenIn(location) }
  }
  const said = 'shard that ends too early, as an older copy does'

  test.each(['0000', '0001', '0000 and 0001'])('%s', async (name) => {
    const shards = name.split(' and ')
    const { location, seen } = await changed()
    for (const shard of shards) {
      await rm(join(location, 'shards', shard), { recursive: true })
      await cp(join(sample, 'shards', shard), join(location, 'shards', shard), { recursive: true })
    }
    const report = await repair(location)
    const named = report.lost.filter(({ what }) => what.startsWith(said))
    expect(named.map(({ where }) => where.slice(0, 11))).toEqual(shards.map((shard) => `shards/${shard}`))
    expect([...messagesOf(await seenIn(location)).keys()].sort()).toEqual([...messagesOf(seen).keys()].sort())
    expect((await repair(location)).outcome).toBe('whole')
  })

  test('a damaged table is none: what says how far the shard reaches may have stood in it', async () => {
    const { location } = await changed()
    // Whenever LevelDB merges what it has: one table says where the shard ended before, newer ones where it ends. Two openings,
    // so that the log no longer has what the first of them wrote.
    await ShardEdit.of(location, (shards) => shards.compact())
    const [older] = await tablesOf(location, '0000')
    for (const text of ['after all', 'and at last']) {
      const store = await openSample(location)
      await store.sendMessage({ sender: 'dan', receiver: 'ann', text })
      await store.close()
    }
    await ShardEdit.of(location, async () => {})
    const names = await tablesOf(location, '0000')
    expect(names).toContain(older)
    const newer = names.filter((name) => name !== older)
    for (const name of newer) await flip(join(location, 'shards', '0000', name), 10)
    const { lost } = await repair(location)
    expect(lost.filter(({ what }) => what.startsWith('damaged part of a shard'))).toHaveLength(newer.length)
    expect(lost.filter(({ what }) => what.startsWith(said))).toEqual([])
    expect(lost.map(({ what }) => what).join()).toContain('if it ends too early as well')
  })

  test('a damaged log is none either: what it lacks is named', async () => {
    const location = await copyOf(sample)
    const bodies = async (): Promise<number> => (await readdir(join(location, 'bodies'))).length
    const before = await bodies()
    const store = await openSample(location, undefined, { checkpointBytes: 1 << 30 })
    for (let i = 0; i < 60; i++)
      await store.sendMessage({ sender: 'dan', receiver: 'ann', text: `late ${i}` })
    while ((await bodies()) === before) await sleep(5)
    const copy = await killed(store, location)
    for (const name of await readdir(join(copy, 'log'))) {
      const at = (await readFile(join(copy, 'log', name))).indexOf('late 1')
      if (at > 0) await flip(join(copy, 'log', name), at)
    }
    const { lost } = await repair(copy)
    expect(lost.map(({ what }) => what)).toContain('records that the log lacks')
    expect(lost.filter(({ what }) => what.startsWith(said))).toEqual([])
  })

  describe("a damaged log of LevelDB's own", () => {
    async function logsIn(location: string): Promise<string[]> {
      const names = await readdir(join(location, 'shards'), { recursive: true })
      const logs = names
        .filter((name) => /\/\d+\.log$/.test(name))
        .map((name) => join(location, 'shards', name))
      const sizes = await Promise.all(logs.map(async (path) => (await stat(path)).size))
      return logs.filter((_, index) => (sizes[index] as number) > 100)
    }

    /** Killed with rows in LevelDB's logs that no checkpoint covers, and with a shard that does not open. */
    async function killedInFlush(): Promise<{ location: string; seen: unknown; logs: string[] }> {
      const location = await copyOf(sample)
      const store = await openSample(location, undefined, { checkpointBytes: 1 << 30 })
      await store.markRead('ann', { peer: 'ben' })
      for (let i = 0; i < 60; i++)
        await store.sendMessage({ sender: 'dan', receiver: 'ann', text: `late ${i}` })
      while ((await logsIn(location)).length === 0) await sleep(5)
      const copy = await killed(store, location)
      await unlink(join(copy, 'shards', '0000', 'CURRENT'))
      return { location: copy, seen: await seenIn(location), logs: await logsIn(copy) }
    }
    test('is no loss while the log has what stood in it', async () => {
      const { location, seen, logs } = await killedInFlush()
      for (const path of logs) await flip(path, 50)
      expect((await repair(location)).lost).toEqual([])
      expect(await seenIn(location)).toEqual(seen)
    })

    test('is named where the log lacks something as well', async () => {
      const { location, logs } = await killedInFlush()
      for (const path of logs) await flip(path, 50)
      for (const name of await readdir(join(location, 'log'))) {
        const at = (await readFile(join(location, 'log', name))).indexOf('late 1')
        if (at > 0) await flip(join(location, 'log', name), at)
      }
      const { lost } = await repair(location)
      const named = lost.filter(({ what }) => what.startsWith('damaged part of a shard'))
      expect(named.map(({ where }) => join(location, where.slice(0, where.indexOf(',')))).sort()).toEqual(
        logs.sort(),
      )
    })
  })

  test('nothing is lost while the log still has what came behind it', async () => {
    const location = await copyOf(sample)
    const store = await openSample(location, undefined, {
      generationBytes: 1 << 20,
      checkpointBytes: 1 << 30,
    })
    await store.groups.rename('ann', 'small', 'Smaller')
    await store.sendMessage({ sender: 'dan', receiver: 'ann', text: 'late' })
    const copy = await killed(store, location)
    await unlink(join(copy, 'shards', '0000', 'CURRENT'))
    const report = await repair(copy)
    expect(report.refused).not.toBeNull()
    expect(report.lost.filter(({ what }) => what.startsWith(said))).toEqual([])
    expect(await seenIn(copy)).toEqual(await seenIn(location))
  })
})

describe('a backup copied over a store that went on: LevelDB has two lists of tables, and goes by CURRENT', () => {
  /** And a table that only the backup's list names. */
  async function copiedOver(): Promise<{ location: string; table: string }> {
    const location = await copyOf(sample)
    await ShardEdit.of(location, (shards) => shards.compact())
    const backup = await copyOf(location)
    for (let time = 1; time <= 2; time++)
      await ShardEdit.of(location, async (shards) => {
        const [row] = await shards.rows()
        if (row !== undefined) await shards.put(row, row.payload)
        await shards.compact()
      })
    await cp(backup, location, { recursive: true })
    const lists = (await readdir(join(location, 'shards', '0000'))).filter(isLevelList)
    expect(lists).toHaveLength(2)
    expect(await readFile(join(location, 'shards', '0000', 'CURRENT'), 'latin1')).toBe(`${lists[0]}\n`)
    const [table = ''] = await tablesOf(backup, '0000')
    return { location, table }
  }

  test('a table over which LevelDB would end the process is found, and made anew', async () => {
    const { location, table } = await copiedOver()
    const path = join(location, 'shards', '0000', table)
    const bytes = await readFile(path)
    shortenIndexKey(bytes)
    await writeFile(path, bytes)
    const { findings } = await verifyTables(location, systemComponents)
    expect(findings.map(({ where }) => where)).toEqual([`shard 0, ${table}`])
    const report = await repair(location)
    expect(report).toMatchObject({ refused: `table shards/0000/${table} is damaged` })
    expect(report.lost.map(({ where }) => where).join()).toContain(`shards/0000/${table}`)
    expect(await seenIn(location)).toEqual(whole)
  })

  test('tables of the other list are none, whatever they are like', async () => {
    const { location, table } = await copiedOver()
    for (const name of await tablesOf(location, '0000'))
      if (name !== table) await flip(join(location, 'shards', '0000', name), 10)
    expect((await verifyTables(location, systemComponents)).findings).toEqual([])
    expect(await repair(location)).toMatchObject({ outcome: 'whole' })
  })

  test('without CURRENT nobody can tell which of them counts', async () => {
    const { location } = await copiedOver()
    await unlink(join(location, 'shards', '0000', 'CURRENT'))
    const { lost } = await repair(location)
    expect(lost.map(({ what }) => what).join()).toContain('missing or damaged list of tables')
    expect(await seenIn(location)).toEqual(whole)
  })
})

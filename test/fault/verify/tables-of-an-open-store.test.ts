import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { VerifyReport } from '../../../src/backend/port.js'
import { isColumbaError } from '../../../src/errors.js'
import { findingKinds } from '../../../src/local/verification/findings.js'
import { nodeFileSystem } from '../../../src/platform/node-file-system.js'
import { interferedFileSystem, type FileOperation } from '../../fixtures/failing-file-system.js'
import { clearFilters, filterIn } from '../../fixtures/level-filter.js'
import { shiftRestarts } from '../../fixtures/level-index.js'
import { temporaryDirectory } from '../../fixtures/temporary-directory.js'
import { kindsOf, Sample } from './damaged-sample.js'
import { openSample } from './sample-store.js'
import { ShardEdit } from './shard-edit.js'

const sample = new Sample()

describe('what LevelDB reads of a table without a look at the checksum', () => {
  async function damageTables(
    spoil: (table: Buffer) => boolean,
  ): Promise<{ report: VerifyReport; user: unknown }> {
    const location = await sample.copy()
    let spoilt = 0
    for (const shard of ['0000', '0001']) {
      const directory = join(location, 'shards', shard)
      const tables = (await readdir(directory)).filter((name) => name.endsWith('.ldb')).sort()
      // The first says which shard it is, and the last how far it goes.
      for (const name of tables.slice(1, -1)) {
        const bytes = await readFile(join(directory, name))
        if (!spoil(bytes)) continue
        await writeFile(join(directory, name), bytes)
        spoilt++
      }
    }
    expect(spoilt).toBeGreaterThan(1)
    const store = await openSample(location)
    const user = await store.users.get('ann').catch((error: unknown) => (error as { code?: string }).code)
    const report = await store.admin.verify()
    await store.close()
    // LevelDB may have merged some of them.
    const named = report.findings.filter(({ what }) => what === findingKinds.table.what)
    expect(named.length).toBeGreaterThan(0)
    return { report, user }
  }

  test('a filter that overlooks rows is found', async () => {
    const { report, user } = await damageTables(clearFilters)
    expect(user).toBe('USER_NOT_FOUND')
    expect(report.ok).toBe(false)
  })

  test('a damaged filter that LevelDB does without is found', async () => {
    const { user } = await damageTables((table) => {
      const filter = filterIn(table)
      // How it is compressed.
      if (filter !== null) table[filter.offset + filter.size] = 7
      return filter !== null
    })
    expect(user).toMatchObject({ name: 'Ann' })
  })

  test('a restart by which LevelDB does not find rows is found', async () => {
    const location = await temporaryDirectory()
    const ids = Array.from({ length: 400 }, (_, i) => `user ${1000 + i}`)
    let store = await openSample(location)
    for (const id of ids) await store.users.register({ id, name: id })
    await store.close()
    await ShardEdit.of(location, (shards) => shards.compact())
    let spoilt = 0
    for (const shard of ['0000', '0001']) {
      const directory = join(location, 'shards', shard)
      for (const name of await readdir(directory)) {
        if (!name.endsWith('.ldb')) continue
        const bytes = await readFile(join(directory, name))
        if (shiftRestarts(bytes)) spoilt++
        await writeFile(join(directory, name), bytes)
      }
    }
    store = await openSample(location)
    const codes = new Set<unknown>()
    for (const id of ids)
      await store.users.get(id).catch((error: unknown) => codes.add((error as { code?: string }).code))
    const { ok, findings } = await store.admin.verify()
    await store.close()
    expect([...codes]).toEqual(['CORRUPT'])
    expect(ok).toBe(false)
    expect(findings.filter(({ what }) => what === findingKinds.table.what)).toHaveLength(spoilt)
  })
})

describe('a table that the system does not let verify look at', () => {
  async function verifiedWith(code: string, failing: FileOperation): Promise<unknown> {
    const location = await sample.copy()
    const before = (operation: FileOperation, path: string): void => {
      if (operation !== failing || !path.endsWith('.ldb')) return
      throw Object.assign(new Error(`${code}: ${operation}`), { code, syscall: operation })
    }
    const fileSystem = interferedFileSystem(nodeFileSystem, { before })
    const store = await openSample(location, undefined, {}, fileSystem)
    try {
      return await store.admin.verify().catch((error: unknown) => error)
    } finally {
      await store.close()
    }
  }

  test.each([
    ['EACCES', 'read', 'CORRUPT'],
    ['EACCES', 'size', 'CORRUPT'],
    ['ENOMEM', 'read', 'OVERLOADED'],
    ['EMFILE', 'open', 'OVERLOADED'],
    ['EIO', 'size', 'CORRUPT'],
  ] as const)('%s of %s rejects with %s', async (code, operation, expected) => {
    const said = await verifiedWith(code, operation)
    expect(isColumbaError(said, expected)).toBe(true)
    expect(said).toMatchObject({ cause: { code } })
  })

  test('is damaged where the disk does not give it', async () => {
    expect(kindsOf((await verifiedWith('EIO', 'read')) as VerifyReport)).toEqual(['table'])
  })
})

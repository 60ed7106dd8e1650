import { readdir, readFile, unlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { VerifyReport } from '../../../src/backend/port.js'
import { bodyFileName, encodeBodyHeader } from '../../../src/formats/body-file.js'
import { kindsOf, Sample, verified } from './damaged-sample.js'
import { openSample } from './sample-store.js'

const sample = new Sample()

describe('body files', () => {
  async function damageBodies(
    edit: (path: string, names: string[]) => Promise<unknown>,
  ): Promise<VerifyReport> {
    const location = await sample.copy()
    const bodies = join(location, 'bodies')
    await edit(bodies, (await readdir(bodies)).sort())
    return verified(location)
  }

  test('a missing one is one finding, however many rows point to it', async () => {
    const report = await damageBodies((path, [name]) => unlink(join(path, name!)))
    expect(kindsOf(report)).toEqual(['bodyMissing'])
    expect(report.findings).toHaveLength(1)
  })

  test.each([
    [10, 'bodyHeader'],
    [60, 'block'],
  ] as const)('a bit flipped at %i', async (at, kind) => {
    const report = await damageBodies(async (path, [name]) => {
      const bytes = await readFile(join(path, name!))
      bytes[at]! ^= 1
      await writeFile(join(path, name!), bytes)
    })
    expect(kindsOf(report)).toEqual([kind])
  })

  test('one that ends too early', async () => {
    const report = await damageBodies(async (path, [name]) => {
      const bytes = await readFile(join(path, name!))
      await writeFile(join(path, name!), bytes.subarray(0, bytes.length - 1))
    })
    expect(kindsOf(report)).toEqual(['block'])
  })

  test('one that nothing points to is counted and no damage', async () => {
    const location = await sample.copy()
    const store = await openSample(location)
    // A generation without messages has no body file.
    await store.contacts.add('ann', 'nobody')
    await store.admin.checkpoint()
    const cut = (await store.admin.stats()).position
    await store.close()
    const bodies = join(location, 'bodies')
    const [name] = await readdir(bodies)
    const storeId = (await readFile(join(bodies, name!))).subarray(8, 24)
    await writeFile(join(bodies, bodyFileName(cut)), encodeBodyHeader(storeId, cut), { flag: 'wx' })
    const report = await verified(location)
    expect(report.findings).toEqual([])
    expect(report.checked['orphaned body files']).toBe(1)
  })
})

import { cp, readdir, rename, rm, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { dumpStore } from '../../../src/model-checking/dump-store.js'
import { temporaryDirectory } from '../../fixtures/temporary-directory.js'
import { makeSample, openSample } from '../verify/sample-store.js'
import { copyOf, repair, seenIn } from './damaged-store.js'

let sample: string
beforeAll(async () => {
  sample = await makeSample()
})
afterAll(() => rm(sample, { recursive: true, force: true }))

/** Another store, with users whom the sample does not know, and more positions. */
async function foreign(): Promise<string> {
  const location = await temporaryDirectory()
  const store = await openSample(location)
  for (let i = 0; i < 60; i++)
    for (const receiver of ['yan', 'xia', 'wes'])
      await store.sendMessage({ sender: 'zoe', receiver, text: `message ${i}` })
  await store.close()
  return location
}

test.each(['0000', '0001'])(
  'nothing of shard %s of another store is taken, wherever it says whose it is',
  async (name) => {
    const location = await copyOf(sample)
    const shard = join(location, 'shards', name)
    await rm(shard, { recursive: true })
    await cp(join(await foreign(), 'shards', name), shard, { recursive: true })
    // The first table has the identity; compactions put it into others.
    const [first = ''] = (await readdir(shard)).filter((file) => file.endsWith('.ldb')).sort()
    await rename(join(shard, first), join(shard, '009999.ldb'))
    const report = await repair(location)
    expect(report.lost).toContainEqual({
      what: 'shard of another store, left aside',
      where: `shards/${name}`,
    })
    expect(JSON.stringify(report.lost)).not.toContain('zoe')
    const store = await openSample(location)
    const strangers = await dumpStore(store, ['zoe', 'yan', 'xia', 'wes'])
    expect(JSON.stringify(strangers)).not.toContain('message')
    await store.close()
  },
)

test('a body file of another store does not make shards and log look like older copies', async () => {
  const location = await copyOf(sample)
  const bodies = join(await foreign(), 'bodies')
  const body = (await readdir(bodies)).sort().at(-1) ?? ''
  await cp(join(bodies, body), join(location, 'bodies', body))
  await unlink(join(location, 'shards', '0000', 'CURRENT'))
  const report = await repair(location)
  expect(report.lost.map(({ what }) => what)).toEqual(['body file of another store, left aside'])
  expect(await seenIn(location)).toEqual(await seenIn(sample))
})

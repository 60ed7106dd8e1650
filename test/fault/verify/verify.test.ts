import { describe, expect, test } from 'vitest'
import { families } from '../../../src/formats/keys.js'
import { temporaryDirectory } from '../../fixtures/temporary-directory.js'
import { Sample } from './damaged-sample.js'
import { openSample } from './sample-store.js'

const sample = new Sample()

describe('a store that is whole', () => {
  test('has no findings, and all of it was looked at', async () => {
    const progress: string[] = []
    const store = await openSample(sample.location)
    const report = await store.admin.verify({
      onProgress: ({ part, items, total }) => progress.push(`${part}: ${items} of ${total}`),
    })
    await store.close()
    expect(report.findings).toEqual([])
    expect(report.ok).toBe(true)
    for (const family of Object.keys(families)) expect(report.checked[family]).toBeGreaterThan(0)
    expect(report.checked['messages']).toBe(14 + 7 + 2 + 3 + 1 + 15 + 23 + 9)
    expect(report.checked['orphaned body files']).toBe(0)
    expect(report.checked['tables']).toBeGreaterThan(2)
    expect(progress.some((line) => line.startsWith('body files'))).toBe(true)
    expect(progress.some((line) => line.startsWith('shard 1'))).toBe(true)
  })

  test('is verified to the end whatever a listener throws', async () => {
    const store = await openSample(sample.location)
    const onProgress = (): void => {
      throw new TypeError('of the caller')
    }
    expect(await store.admin.verify({ onProgress })).toMatchObject({ ok: true })
    await store.close()
  })

  test('is verified as it was at one moment while messages keep coming', async () => {
    const location = await temporaryDirectory()
    const store = await openSample(location)
    let writing = true
    const writers = ['a', 'b', 'c'].map(async (sender) => {
      for (let i = 0; writing; i++) {
        await store.sendMessage({ sender, receiver: `r${i % 4}`, text: `message ${i}` })
        if (i % 5 === 0) await store.markRead(`r${i % 4}`, { peer: sender })
      }
    })
    for (let i = 0; i < 6; i++) expect((await store.admin.verify()).findings).toEqual([])
    writing = false
    await Promise.all(writers)
    await store.close()
  })
})

import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { decodeManifest, encodeManifest } from '../../../src/formats/manifest.js'
import { manifestName } from '../../../src/formats/store-names.js'
import { ManualClock } from '../../../src/model-checking/manual-clock.js'
import { temporaryDirectory } from '../../fixtures/temporary-directory.js'
import { openSample } from './sample-store.js'

test('a manifest that knows less of the time than messages do is a finding', async () => {
  const location = await temporaryDirectory()
  const store = await openSample(location, new ManualClock())
  const { timestamp } = await store.sendMessage({ sender: 'ann', receiver: 'ben', text: 'hello' })
  expect((await store.admin.verify()).findings).toEqual([])
  await store.close()
  const path = join(location, manifestName)
  const manifest = decodeManifest(await readFile(path), path)
  expect(manifest.lastTimestamp).toBe(timestamp)
  await writeFile(path, encodeManifest({ ...manifest, lastTimestamp: timestamp - 1 }))
  const again = await openSample(location)
  const { findings } = await again.admin.verify()
  expect(findings.map(({ what }) => what)).toEqual(['message that is later than the time of the store'])
  await again.close()
})

import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { closeGate, gatedShards, openGate } from '../fixtures/gated-shards.js'
import { openLocalStore } from '../fixtures/local-store.js'
import { temporaryDirectory } from '../fixtures/temporary-directory.js'

const tuning = { generationBytes: 1024, segmentBytes: 8192, checkpointBytes: 2048 }
const text = (n: number): string => `message ${n} `.repeat(5)

test('a page whose body file is merged away behind the look for it is read from where its messages are now', async () => {
  const location = await temporaryDirectory()
  const files = async (): Promise<string[]> =>
    (await readdir(join(location, 'bodies'))).filter((name) => name.endsWith('.bodies'))

  const first = await openLocalStore(location, { local: { tuning: { ...tuning, tidyFiles: Infinity } } })
  for (let n = 1; n <= 60; n++) await first.sendMessage({ sender: 'ann', receiver: 'ben', text: text(n) })
  await first.close()

  const gate = openGate()
  // Nothing is merged until there are more files.
  const tidy = { tidyFiles: (await files()).length + 3, tidyAfterMs: 0, tidyRestMs: 0 }
  const opener = gatedShards(gate)
  const store = await openLocalStore(location, { local: { tuning: { ...tuning, ...tidy }, opener } })
  const before = await files()
  const rows = closeGate(gate)
  gate.at = 'ranges'
  const page = store.getMessages('ben', { peer: 'ann' }, { after: 0, limit: 5 })
  await rows.read
  // Only the page hangs: it knows which file its messages were in.
  gate.at = 'nothing'
  const left = async (): Promise<boolean> => (await files()).some((name) => before.includes(name))
  for (let n = 1; await left(); n++) {
    expect(n).toBeLessThan(200)
    for (let m = 0; m < 5; m++) await store.sendMessage({ sender: 'cem', receiver: 'dan', text: text(n) })
    await store.admin.checkpoint()
  }
  rows.open()
  expect((await page).items.map((message) => message.text)).toEqual([1, 2, 3, 4, 5].map(text))
})

import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { expect, test } from 'vitest'
import { temporaryDirectory } from '../../fixtures/temporary-directory.js'

/** What differs from one run to the next. */
const ownOfEach = /^(?:timestamp|activityAt|createdAt|messageId|position|token|since|ms)$/
const made = /[0-9A-HJKMNP-TV-Z]{26}/g

async function saidBy(mode: string): Promise<unknown> {
  const workerData = { location: await temporaryDirectory(), mode }
  const worker = new Worker(new URL('shared-prototypes-worker.js', import.meta.url), { workerData })
  const [answer] = (await once(worker, 'message')) as [unknown]
  await worker.terminate()
  const text = JSON.stringify(answer, (name, value: unknown) => (ownOfEach.test(name) ? undefined : value))
  return JSON.parse(text.replaceAll(made, 'made')) as unknown
}

const plain = (): Promise<unknown> => saidBy('plain')

test('where all built-in objects are frozen the store works as ever', async () => {
  expect(await saidBy('frozen')).toEqual(await plain())
})

test('what somebody has given all objects of the process is nobody’s argument', async () => {
  expect(await saidBy('polluted')).toEqual(await plain())
})

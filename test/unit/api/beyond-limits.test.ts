import { expect, test } from 'vitest'
import type { ConversationHandle } from '../../../src/backend/port.js'
import { ReferenceBackend } from '../../../src/backend/reference/reference-backend.js'
import type { Limits } from '../../../src/limits.js'
import { collectGarbage } from '../../fixtures/collect-garbage.js'
import { Gate } from '../../fixtures/gate.js'
import { referenceStore } from '../../fixtures/reference-store.js'

const MiB = 1024 * 1024

/** Whatever is sent waits for its conversation until the gate opens. */
function slowStore(limits: Partial<Limits> = {}) {
  const backend = new ReferenceBackend()
  const gate = new Gate()
  const load = async (handle: ConversationHandle): Promise<void> => {
    await gate.opened
    ReferenceBackend.prototype.load.call(backend, handle)
  }
  return { store: referenceStore({ backend: Object.assign(backend, { load }), limits }), gate }
}

const small = { sender: 'ann', receiver: 'bob', text: 'small', id: 'small' }
/** Beyond the limits by default, but not beyond those that a store may be opened with. */
const large = (i: number) => ({ sender: 'ann', receiver: `${i}`, id: 'large', text: `${i}`.padEnd(MiB, 'x') })

test('messages that are too large for this store take no room from others while they are looked for', async () => {
  const { store, gate } = slowStore()
  const before = heapInUse()
  const refused = Array.from({ length: 40 }, (_, i) => store.sendMessage(large(i)))
  const kept = heapInUse() - before
  const sent = store.sendMessage(small)
  gate.open()
  await expect(sent).resolves.toMatchObject({ seq: 1, duplicate: false })
  for (const one of refused) await expect(one).rejects.toMatchObject({ code: 'TOO_LARGE' })
  expect(kept).toBeLessThan(4 * MiB)
})

test('so many messages beyond the limits are looked for as calls may wait, beside as many others; more may come again', async () => {
  const { store, gate } = slowStore({ queueCalls: 3 })
  const first = Array.from({ length: 5 }, (_, i) => store.sendMessage(large(i)))
  const sent = Array.from({ length: 3 }, (_, i) => store.sendMessage({ ...small, sender: `${i}` }))
  gate.open()
  await expect(codesOf(first)).resolves.toEqual([
    ...Array<string>(3).fill('TOO_LARGE'),
    ...Array<string>(2).fill('OVERLOADED'),
  ])
  await expect(codesOf(sent)).resolves.toEqual(Array(3).fill('stored'))
  const again = Array.from({ length: 3 }, (_, i) => store.sendMessage(large(i)))
  await expect(codesOf(again)).resolves.toEqual(Array(3).fill('TOO_LARGE'))
})

test('one that comes behind another of its key is told so', async () => {
  const { store, gate } = slowStore()
  const sent = store.sendMessage(small)
  const behind = store.sendMessage({ ...large(0), receiver: 'bob', id: 'small' })
  gate.open()
  await expect(sent).resolves.toMatchObject({ seq: 1 })
  await expect(behind).rejects.toMatchObject({ code: 'IDEMPOTENCY_CONFLICT', details: { seq: 1 } })
})

async function codesOf(calls: readonly Promise<unknown>[]): Promise<readonly string[]> {
  const settled = await Promise.allSettled(calls)
  return settled.map((one) => (one.status === 'fulfilled' ? 'stored' : (one.reason as { code: string }).code))
}

function heapInUse(): number {
  collectGarbage()
  return process.memoryUsage().heapUsed
}

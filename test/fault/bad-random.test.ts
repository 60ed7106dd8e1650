import { expect, onTestFinished, test } from 'vitest'
import { openMessageStore } from '../../src/api/open.js'
import { systemRandom } from '../../src/platform/random.js'
import { temporaryDirectory } from '../fixtures/temporary-directory.js'

const cause = new Error('no entropy')

const failures: readonly ((count: number) => unknown)[] = [
  () => {
    throw cause
  },
  (count) => systemRandom.bytes(count - 1),
  () => undefined,
]

test('where no random bytes are to be had nobody is given an id, and what has one is stored', async () => {
  const location = await temporaryDirectory()
  let bytes: (count: number) => unknown = (count) => systemRandom.bytes(count)
  const random = { bytes: (count: number) => bytes(count) as Uint8Array }
  const store = await openMessageStore({ location, durability: 'os' }, { random })
  onTestFinished(() => store.close())
  const message = { sender: 'ann', receiver: 'bob', text: 'x' }
  const group = { creator: 'ann', members: ['bob'] }
  for (const [n, failing] of failures.entries()) {
    bytes = failing
    const overloaded = n === 0 ? { code: 'OVERLOADED', cause } : { code: 'OVERLOADED' }
    await expect(store.sendMessage(message)).rejects.toMatchObject(overloaded)
    await expect(store.sendMessage({ ...message, text: 'x'.repeat(100_000) })).rejects.toMatchObject({
      code: 'TOO_LARGE',
    })
    await expect(store.groups.create(group)).rejects.toMatchObject(overloaded)
    expect(await store.sendMessage({ ...message, id: String(n) })).toMatchObject({ seq: n + 1 })
    await store.groups.create({ ...group, id: String(n) })
  }
  bytes = (count) => systemRandom.bytes(count)
  expect(await store.sendMessage(message)).toMatchObject({ seq: failures.length + 1 })
})

test('nor is a store opened without them', async () => {
  const random = { bytes: failures[0] as () => never }
  const opening = openMessageStore({ location: await temporaryDirectory() }, { random })
  await expect(opening).rejects.toMatchObject({ code: 'OVERLOADED', cause })
})

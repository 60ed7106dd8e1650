import { expect, test, vi } from 'vitest'
import type { MessageStore } from '../../src/api/message-store.js'
import { temporaryDirectory } from '../fixtures/temporary-directory.js'
import { openLocalStore } from '../fixtures/local-store.js'

// A record of so many members is larger than a piece of the log's memory, so that another one is wanted for it.
const local = { tuning: { chunkBytes: 64 * 1024 } }
const members = Array.from({ length: 600 }, (_, i) => `${i}`.padStart(200, 'm'))

type Memory = 'SharedArrayBuffer' | 'Float64Array'

/** What `call` gives while the system has no memory for what `isRefused` says, by the argument that it is made with. */
async function lacking<T>(
  memory: Memory,
  isRefused: (wanted: unknown) => boolean,
  call: () => Promise<T>,
): Promise<T> {
  const made = { SharedArrayBuffer, Float64Array }[memory]
  const construct = (target: typeof made, given: unknown[], anew: typeof made): object => {
    if (isRefused(given[0])) throw new RangeError('Array buffer allocation failed')
    return Reflect.construct(target, given, anew) as object
  }
  vi.stubGlobal(memory, new Proxy(made, { construct }))
  try {
    return await call()
  } finally {
    vi.unstubAllGlobals()
  }
}

const refused = 'Array buffer allocation failed'

/** Rejects as the system does when there is no memory for what `call` wants to write. */
async function withoutMemory(call: () => Promise<unknown>): Promise<void> {
  await lacking(
    'SharedArrayBuffer',
    () => true,
    () => expect(call()).rejects.toThrow(refused),
  )
}

test('a group for whose record there was no room was not made, and can be made then', async () => {
  const location = await temporaryDirectory()
  const store = await openLocalStore(location, { local })
  const group = { id: 'all', creator: 'ann', members }
  await withoutMemory(() => store.groups.create(group))
  await expect(
    store.sendMessage({ sender: 'ann', conversationId: 'all', text: 'hello' }),
  ).rejects.toMatchObject({ code: 'NOT_A_MEMBER' })
  await store.groups.create(group)
  await store.close()

  const again = await openLocalStore(location, { local })
  expect((await again.getConversation('ann', 'all'))?.memberCount).toBe(601)
})

test('members for whose record there was no room are not counted', async () => {
  const location = await temporaryDirectory()
  const store = await openLocalStore(location, { local })
  await store.groups.create({ id: 'all', creator: 'ann', members: ['ben'] })
  await withoutMemory(() => store.groups.addMembers('ann', 'all', members))
  expect((await store.groups.rename('ann', 'all', 'All')).memberCount).toBe(2)
  expect((await store.groups.addMembers('ann', 'all', members)).memberCount).toBe(602)
  expect((await store.admin.verify()).findings).toEqual([])
})

const send = (store: MessageStore, receiver: string, n: number, text = 'hello') =>
  store.sendMessage({ sender: 'ann', receiver, id: `${receiver} ${n}`, text })

test('a durable message that there is no memory to show is of unknown outcome, and the store closes', async () => {
  const location = await temporaryDirectory()
  const store = await openLocalStore(location)
  const each = Array.from({ length: 1024 }, (_, n) => n)
  await Promise.all(each.map((n) => send(store, 'ben', n)))
  const unknown = { code: 'OUTCOME_UNKNOWN' }
  await lacking(
    'Float64Array',
    (wanted) => wanted === 2048,
    () =>
      Promise.all([
        expect(send(store, 'ben', 1024)).rejects.toMatchObject(unknown),
        expect(send(store, 'ben', 1025)).rejects.toMatchObject(unknown),
      ]),
  )
  // Reads go on, and show what can be shown.
  expect((await store.getMessages('ann', { peer: 'ben' }, { limit: 1 })).items[0]?.seq).toBe(1024)
  await store.close()

  const again = await openLocalStore(location)
  expect(await send(again, 'ben', 1024)).toMatchObject({ seq: 1025, duplicate: true })
  expect(await send(again, 'ben', 1025)).toMatchObject({ seq: 1026, duplicate: true })
  expect(await send(again, 'ben', 1026)).toMatchObject({ seq: 1027, duplicate: false })
}, 10_000)

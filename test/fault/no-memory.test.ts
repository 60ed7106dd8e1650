import { expect, test, vi } from 'vitest'
import type { LocalMessageStore } from '../../src/api/message-store.js'
import type { SendRequest } from '../../src/api/send-arguments.js'
import type { Metrics } from '../../src/backend/settings.js'
import { temporaryDirectory } from '../fixtures/temporary-directory.js'
import { Memory } from '../../src/local/memory/memory.js'
import { cacheOf } from '../fixtures/cache-stats.js'
import { openLocalStore } from '../fixtures/local-store.js'

// A record of so many members is larger than a piece of the log's memory, so that another one is wanted for it.
const local = { tuning: { chunkBytes: 64 * 1024 } }
const members = Array.from({ length: 600 }, (_, i) => `${i}`.padStart(200, 'm'))

type Arrays = 'SharedArrayBuffer' | 'Float64Array' | 'Int32Array' | 'Uint8Array'

/** What `call` gives while the system has no memory for what `isRefused` says, by the argument that it is made with. */
async function lacking<T>(
  memory: Arrays,
  isRefused: (wanted: unknown) => boolean,
  call: () => Promise<T>,
): Promise<T> {
  const made = { SharedArrayBuffer, Float64Array, Int32Array, Uint8Array }[memory]
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

/** The same for buffers that are larger than `most`. */
async function lackingBuffers<T>(most: number, call: () => Promise<T>): Promise<T> {
  const allocUnsafe = Buffer.allocUnsafe.bind(Buffer)
  const stub = vi.spyOn(Buffer, 'allocUnsafe').mockImplementation((bytes) => {
    if (bytes > most) throw new RangeError('Array buffer allocation failed')
    return allocUnsafe(bytes)
  })
  try {
    return await call()
  } finally {
    stub.mockRestore()
  }
}

/** What is told of refused writes. */
class Refusals {
  count = 0

  readonly metrics: Metrics = {
    count: (name) => {
      if (name === 'log.refused') this.count++
    },
    observe: () => undefined,
  }
}

/** Nothing was stored, and a repeat is welcome. */
const overloaded = { code: 'OVERLOADED', cause: new RangeError('Array buffer allocation failed') }

/** Rejects when there is no memory for what `call` wants to write. */
async function withoutMemory(call: () => Promise<unknown>): Promise<void> {
  await lacking(
    'SharedArrayBuffer',
    () => true,
    () => expect(call()).rejects.toMatchObject(overloaded),
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

const send = (store: LocalMessageStore, receiver: string, n: number, text = 'hello') =>
  store.sendMessage({ sender: 'ann', receiver, id: `${receiver} ${n}`, text })

async function seqsOf(store: LocalMessageStore, peer: string): Promise<number[]> {
  const { items } = await store.getMessages('ann', { peer }, { limit: 1000, after: 0 })
  return items.map(({ seq }) => seq)
}

test('whatever there is no room for in the log is OVERLOADED, and can be repeated', async () => {
  const refusals = new Refusals()
  const parts = { local: { tuning: { chunkBytes: 256 } }, metrics: refusals.metrics }
  const store = await openLocalStore(await temporaryDirectory(), parts)
  await Promise.all(Array.from({ length: 20 }, (_, n) => send(store, 'ben', n)))
  await store.groups.create({ id: 'all', creator: 'ann', members: ['ben'] })
  const calls: ((n: number) => Promise<unknown>)[] = [
    (n) => send(store, 'ben', 20 + n),
    (n) => send(store, `new ${n}`, 0),
    (n) => store.sendMessage({ sender: 'ann', conversationId: 'all', text: 'hello', id: `${n}` }),
    (n) => store.markRead('ben', { peer: 'ann' }, 1 + n),
    (n) => store.groups.rename('ann', 'all', `title ${n}`),
    (n) => store.contacts.block('ann', `eve ${n}`),
    (n) => store.users.register({ id: `user ${n}`, name: 'Ann' }),
  ]
  for (const call of calls) {
    let n = 0
    // There may be room for a few.
    await withoutMemory(async () => {
      for (; n < 20; n++) await call(n)
    })
    await call(n)
  }
  expect(refusals.count).toBe(calls.length)
  const seqs = await seqsOf(store, 'ben')
  expect(seqs).toEqual(seqs.map((_, i) => i + 1))
  expect((await store.admin.verify()).findings).toEqual([])
})

test('the log fills the memory that it has, though there is none for what comes then', async () => {
  const store = await openLocalStore(await temporaryDirectory(), { local })
  const text = 'x'.repeat(500)
  let sent = 0
  await withoutMemory(async () => {
    for (; sent < 200; sent++) await send(store, 'ben', sent, text)
  })
  expect(sent).toBeGreaterThan(10)
  for (let n = 0; n < sent + 10; n++)
    expect(await send(store, 'ben', n, text)).toMatchObject({ seq: n + 1, duplicate: n < sent })
})

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

test('a place in the feed is before messages that there was no memory to show, and behind those that were shown', async () => {
  const location = await temporaryDirectory()
  const store = await openLocalStore(location)
  await Promise.all(Array.from({ length: 1023 }, (_, n) => send(store, 'ben', n)))
  const { token: before } = await store.getChanges('ben')
  const arrived = store.subscribe('ben', { since: before })[Symbol.asyncIterator]().next()
  // Of three messages in one frame there is room for the first.
  const sent = await lacking(
    'Float64Array',
    (wanted) => wanted === 2048,
    () => Promise.allSettled([1023, 1024, 1025].map((n) => send(store, 'ben', n))),
  )
  expect(sent.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected'])
  expect((await arrived).value).toMatchObject({ message: { seq: 1024 } })
  const shown = await store.getChanges('ben', { since: before })
  expect(shown).toMatchObject({ changes: [{ message: { seq: 1024 } }], hasMore: false })
  const { token: latest } = await store.getChanges('ben')
  await store.close()

  const again = await openLocalStore(location)
  for (const since of [shown.token, latest]) {
    const missed = await again.getChanges('ben', { since })
    expect(missed.changes).toMatchObject([{ message: { seq: 1025 } }, { message: { seq: 1026 } }])
  }
}, 10_000)

test('a message for whose key there is no memory takes no number, and keys are still found', async () => {
  const location = await temporaryDirectory()
  const store = await openLocalStore(location)
  // Seven hashes fill a block, and 1,024 blocks the memory that is there.
  for (let n = 0; n < 7; n++) await send(store, 'ben', n)
  await Promise.all(Array.from({ length: 1023 }, (_, n) => send(store, `other ${n}`, 0)))
  await lacking(
    'Int32Array',
    (wanted) => wanted === 2 * 8 * 1024,
    () => expect(send(store, 'ben', 7)).rejects.toMatchObject(overloaded),
  )
  expect(await send(store, 'ben', 7)).toMatchObject({ seq: 8, duplicate: false })
  for (let n = 0; n < 20; n++) await send(store, 'ben', 8 + n)
  for (let n = 0; n < 28; n++)
    expect(await send(store, 'ben', n)).toMatchObject({ seq: n + 1, duplicate: true })
  expect(await seqsOf(store, 'ben')).toEqual(Array.from({ length: 28 }, (_, n) => n + 1))
  expect((await store.admin.verify()).findings).toEqual([])
})

test('a message behind which there is no memory to end the generation was sent; a later one ends it', async () => {
  const location = await temporaryDirectory()
  const tuning = { chunkBytes: 16 * 1024, generationBytes: 16 * 1024 }
  const refusals = new Refusals()
  const store = await openLocalStore(location, { local: { tuning }, metrics: refusals.metrics })
  // Larger than a piece of the log's memory, and as long as may be in all else: it gets one of its own, in which nothing is left.
  const [sender, receiver, id, deviceId] = ['ann', 'ben', 'id', 'phone'].map((name) => name.padEnd(256, '.'))
  const text = '\u20ac'.repeat(6000)
  const long = { sender, receiver, id, deviceId, timestamp: 2 ** 50, text } as SendRequest
  let made = 0
  const [, receipt] = await lacking(
    'SharedArrayBuffer',
    () => ++made > 1,
    // The first one waits in the piece that would else be used again.
    () => Promise.all([send(store, 'carl', 0), store.sendMessage(long)]),
  )
  expect(made).toBe(2)
  expect(receipt).toMatchObject({ seq: 1, duplicate: false })
  expect(refusals.count).toBe(0)
  const flushes = async (): Promise<number> => (await store.admin.stats()).generations.flushes
  expect(await flushes()).toBe(0)
  expect(await send(store, 'ben', 0)).toMatchObject({ seq: 1 })
  await expect.poll(flushes).toBe(1)
  expect(await store.sendMessage(long)).toEqual({ ...receipt, duplicate: true })
})

test.each([
  ['at once', true],
  ['behind a wait', false],
])('blocks that there is no memory to read %s are not damaged', async (_, readsNow) => {
  const location = await temporaryDirectory()
  const long = 'x'.repeat(60_000)
  const first = await openLocalStore(location)
  for (let n = 0; n < 2; n++) await send(first, 'ben', n, long)
  await send(first, 'carl', 0)
  await first.close()

  const store = await openLocalStore(location, { local: { tuning: { readsNow } } })
  // Now the file is open.
  await store.getMessages('ann', { peer: 'carl' })
  const read = () => store.getMessages('ann', { peer: 'ben' }, { limit: 10 })
  for (const call of [read, () => send(store, 'ben', 0, long), () => store.admin.verify()])
    await lackingBuffers(50_000, () => expect(call()).rejects.toMatchObject(overloaded))
  expect((await read()).items).toHaveLength(2)
  expect(await send(store, 'ben', 0, long)).toMatchObject({ seq: 1, duplicate: true })
  expect((await store.admin.verify()).findings).toEqual([])
})

test('a packed list that there is no memory to unpack is read, and messages come to it', async () => {
  const location = await temporaryDirectory()
  const first = await openLocalStore(location)
  const peers = Array.from({ length: 80 }, (_, n) => `peer ${n}`)
  await Promise.all(peers.map((peer) => send(first, peer, 0, peer.padEnd(1000))))
  await first.close()

  const store = await openLocalStore(location)
  const list = async () => (await store.getConversations('ann', { limit: 100 })).items
  // What is packed fits into 128 KiB, and bytes to read it in would be twice what it has.
  await lackingBuffers(128 * 1024, async () => {
    expect((await list()).map(({ peer }) => peer)).toEqual(peers.toReversed())
    expect(await send(store, 'peer 7', 1)).toMatchObject({ seq: 2 })
    await store.markRead('ann', { peer: 'peer 9' }, 1)
    expect((await list()).slice(0, 2)).toMatchObject([{ peer: 'peer 7', headSeq: 2 }, { peer: 'peer 79' }])
  })
  expect(await list()).toHaveLength(80)
  expect((await store.admin.verify()).findings).toEqual([])
})

test('a list that there is no memory to pack is OVERLOADED, and can be read then', async () => {
  const location = await temporaryDirectory()
  const first = await openLocalStore(location)
  await Promise.all(Array.from({ length: 200 }, (_, n) => send(first, `peer ${n}`, 0, 'x'.repeat(1000))))
  await first.close()

  const store = await openLocalStore(location)
  const list = () => store.getConversations('ann', { limit: 200 })
  await lackingBuffers(150 * 1024, () => expect(list()).rejects.toMatchObject(overloaded))
  expect((await list()).items).toHaveLength(200)
})

/** Where hardly anything stays in memory. */
const settings = { cacheBytes: 32 * 1024, syncEveryMs: Infinity }

test('a conversation leaves memory, though there is none to put it away, and nothing fails for it', async () => {
  const store = await openLocalStore(await temporaryDirectory(), { settings })
  const meet = async (round: number): Promise<void> => {
    await Promise.all(Array.from({ length: 200 }, (_, n) => send(store, `${round} ${n}`, 0)))
    await store.admin.checkpoint()
    for (let n = 0; n < 50; n++) await store.getConversations(`${round} ${n}`)
  }
  let refusals = 0
  await lacking(
    'Uint8Array',
    // The first piece of what is put away.
    (wanted) => wanted === 64 * 48 && ++refusals > 0,
    async () => {
      await meet(1)
      expect(refusals).toBeGreaterThan(100)
      expect((await cacheOf(store)).parked).toBe(0)
    },
  )
  await meet(2)
  expect((await cacheOf(store)).parked).toBeGreaterThan(10)
  expect(await send(store, '1 7', 0)).toMatchObject({ seq: 1, duplicate: true })
  expect(await send(store, '1 7', 1)).toMatchObject({ seq: 2, duplicate: false })
})

test('what fails while room is made ends no process, but all writing', async () => {
  const store = await openLocalStore(await temporaryDirectory(), { settings })
  await send(store, 'ben', 0)
  const bug = new Error('a bug')
  const trim = vi.spyOn(Memory.prototype, 'trim').mockImplementation(() => {
    throw bug
  })
  for (let n = 0; n < 100; n++) await store.getConversations(`nobody ${n}`)
  await expect.poll(() => trim.mock.calls.length).toBeGreaterThan(0)
  trim.mockRestore()
  await expect(send(store, 'ben', 1)).rejects.toMatchObject({ code: 'POISONED', cause: bug })
  expect(await seqsOf(store, 'ben')).toEqual([1])
  await store.close()
})

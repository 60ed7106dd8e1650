import { parentPort, workerData } from 'node:worker_threads'

// A thread, which has built-in objects of its own, that does something to them and then uses the store as anybody does. It says
// what it was told, and what the prototype of all objects has at the end.

/** Every name that a call knows, with a value that would make a difference, and one that nothing knows. */
const fieldsOfCalls = {
  ...{
    limit: 1,
    start: 1,
    cursor: 'zed',
    since: 1,
    unreadOnly: true,
    offset: 1,
    before: 2,
    after: 1,
    around: 1,
  },
  ...{ sender: 'zed', receiver: 'zed', conversationId: 'zed', text: 'zed', id: 'zed', deviceId: 'zed' },
  ...{ timestamp: 1, attributes: { zed: 1 }, peer: 'zed', profile: { zed: 1 }, alias: 'zed', creator: 'zed' },
  ...{ title: 'zed', members: ['zed'], onProgress: 'zed', unheardOf: 1 },
}
const shared = Object.prototype as Record<string, unknown>

async function withShared<T>(fields: object, work: () => Promise<T>): Promise<T> {
  Object.assign(shared, fields)
  try {
    return await work()
  } finally {
    for (const name of Object.keys(fields)) delete shared[name]
  }
}

function freezeBuiltIns(): void {
  for (const name of Object.getOwnPropertyNames(globalThis)) {
    const value: unknown = Reflect.get(globalThis, name)
    if (typeof value !== 'function' || !/^[A-Z]/.test(name)) continue
    Object.freeze(value)
    if (typeof value.prototype === 'object') Object.freeze(value.prototype)
  }
}

const { location, mode } = workerData as { location: string; mode: 'plain' | 'frozen' | 'polluted' }
if (mode === 'frozen') freezeBuiltIns()
const { isColumbaError, openMessageStore } = await import('../../../src/index.js')
const { dumpStore } = await import('../../../src/model-checking/dump-store.js')
const isPolluted = mode === 'polluted'

const store = await openMessageStore({ location })

/** One after the other, each with what it gives or is refused with. */
async function useAll(): Promise<unknown[]> {
  const said: unknown[] = []
  const call = async (work: () => Promise<unknown>): Promise<void> => {
    said.push(
      await work().catch((error: unknown) =>
        isColumbaError(error) ? error.message : (error as Error).stack,
      ),
    )
  }
  await call(() => store.sendMessage({ sender: 'ann', receiver: 'bob', text: 'one' }))
  await call(() => store.sendMessage({ sender: 'ann', receiver: 'bob', text: 'two', id: '2' }))
  await call(() => store.sendMessage({ sender: 'bob', receiver: 'ann', text: '', attributes: { x: [1] } }))
  await call(() => store.sendMessage({ sender: 'ann', receiver: 'bob', text: 'four', id: '2' }))
  await call(() => store.groups.create({ creator: 'ann', members: ['bob', '__proto__'], id: 'g' }))
  await call(() => store.groups.create({ creator: 'ann', members: ['bob'] }))
  await call(() => store.sendMessage({ sender: 'ann', conversationId: 'g', text: 'all' }))
  await call(() => store.sendMessage({ sender: '__proto__', receiver: 'constructor', text: 'odd' }))
  await call(() => store.getConversations('ann'))
  await call(() => store.getConversations('bob', { limit: 9 }))
  await call(() => store.getConversations('constructor', { unreadOnly: true }))
  await call(() => store.getMessages('ann', { peer: 'bob' }))
  await call(() => store.getMessages('bob', 'g', {}))
  await call(() => store.getMessages('bob', { peer: 'ann' }, { before: 3 }))
  await call(() => store.getUnread('bob'))
  await call(() => store.markRead('bob', { peer: 'ann' }))
  await call(() => store.getReceipts('ann', 'g'))
  await call(() => store.groups.members('ann', 'g'))
  await call(() => store.users.register({ id: 'ann', name: 'Ann' }))
  await call(() => store.users.update('ann', { name: 'Anna' }))
  await call(() => store.contacts.add('ann', 'bob'))
  await call(() => store.contacts.list('ann'))
  await call(() => store.getChanges('ann', { limit: 50 }))
  await call(() => store.admin.verify())
  const changes = store.subscribe('bob')[Symbol.asyncIterator]()
  await call(() => store.sendMessage({ sender: 'ann', receiver: 'bob', text: 'live' }))
  await call(() => changes.next())
  await call(async () => changes.return?.())
  return said
}

const said = isPolluted ? await withShared(fieldsOfCalls, useAll) : await useAll()
await store.close()
const again = await openMessageStore({ location })
const stored = [
  await dumpStore(again, ['ann', 'bob', 'constructor', '__proto__']),
  await again.users.get('ann'),
]
await again.close()
parentPort?.postMessage({ said, stored, left: Object.keys(shared) })

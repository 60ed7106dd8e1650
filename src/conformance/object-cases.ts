import { deepStrictEqual as same, ok } from 'node:assert/strict'
import type { MessageStore } from '../api/message-store.js'
import type { Json } from '../model/json.js'
import type { StoreBench } from './store-bench.js'
import { storeCase } from './store-case.js'

/** Objects that go in are taken at the call, and those that come out are the caller's own or frozen. */
export const objectCases = [
  storeCase('what is given out may be scribbled on, and nobody sees it', async (bench) => {
    const since = await bench.token('ada')
    // What the first of them give is of its time, so the repeats count.
    scribble(await writeEverything(bench.store))
    const expected = structuredClone(await askEverything(bench, since))
    same(new Set(expected.changes.map(({ kind }) => kind)), everyKind)
    // What is asked for again and again may be kept, and each time be the same.
    const askAndScribble = async (): Promise<void> => {
      for (let time = 0; time < 3; time += 1) {
        const answers = await askEverything(bench, since)
        same(answers, expected)
        scribble(answers)
      }
    }
    await askAndScribble()
    // These numbers are others each time.
    scribble(await bench.store.admin.stats())
    ok(!JSON.stringify(await bench.store.admin.stats()).includes(scribbled))
    if (await bench.reopen()) await askAndScribble()
  }),

  storeCase('what is given in may be scribbled on behind the call', async (bench) => {
    const { store } = bench
    const given = <T extends object>(value: T, call: (value: T) => Promise<unknown>): Promise<unknown> => {
      const taken = call(value)
      scribble(value)
      return taken
    }
    await given({ id: 'ada', name: 'Ada', profile: profile() }, (user) => store.users.register(user))
    same(await store.users.get('ada'), { id: 'ada', name: 'Ada', profile: profile() })
    await given({ profile: [profile()] }, (change) => store.users.update('ada', change))
    same(await store.users.get('ada'), { id: 'ada', name: 'Ada', profile: [profile()] })

    const id = 'group'
    await given({ id, creator: 'ada', members: ['bob'] }, (group) => store.groups.create(group))
    await given(['cleo', 'dan'], (users) => store.groups.addMembers('ada', id, users))
    await bench.settle()
    const { items } = await store.groups.members('ada', id)
    same(
      items.map(({ userId }) => userId),
      ['ada', 'bob', 'cleo', 'dan'],
    )

    await given({ alias: 'B.' }, (contact) => store.contacts.add('ada', 'bob', contact))
    same((await store.contacts.list('ada')).items, [{ contactId: 'bob', alias: 'B.', blocked: false }])
    const message = { sender: 'ada', receiver: 'bob', text: 'text', attributes: profile() }
    await given(message, (request) => store.sendMessage(request))
    await bench.settle()
    same((await store.getMessage('bob', { peer: 'ada' }, 1)).attributes, profile())
    await given({ peer: 'ada' }, (peer) => store.markRead('bob', peer))
    same(await store.getUnread('bob'), { total: 0, conversations: 0 })
  }),
]

const everyKind = new Set(['message', 'read', 'delivered', 'conversation', 'member', 'contact', 'profile'])

function profile(): Json & object {
  return { born: 1815, tags: ['x', { deep: ['y'] }] }
}

/** Makes every call that writes. All of them may be repeated: what they write is there then. */
async function writeEverything(store: MessageStore): Promise<unknown[]> {
  const { users, contacts, groups } = store
  const message = { sender: 'bob', text: 'text', id: 'id', attributes: profile() }
  return [
    await users.register({ id: 'ada', name: 'Ada', profile: profile() }),
    await users.update('ada', { profile: profile() }),
    await contacts.add('ada', 'bob', { alias: 'B.' }),
    await contacts.block('ada', 'cleo'),
    await groups.create({ id: 'group', creator: 'ada', title: 'A group', members: ['bob'] }),
    await groups.addMembers('bob', 'group', ['dan']),
    await groups.rename('bob', 'group', 'Our group'),
    await groups.removeMember('ada', 'group', 'nobody'),
    await store.sendMessage({ ...message, receiver: 'ada' }),
    await store.sendMessage({ ...message, conversationId: 'group' }),
    await store.markRead('ada', { peer: 'bob' }, 1),
    await store.markDelivered('ada', 'group', 1),
  ]
}

/** Repeats them, and makes all others; what they give. */
async function askEverything(bench: StoreBench, since: string) {
  const { store } = bench
  const bob = { peer: 'bob' }
  const written = await writeEverything(store)
  await bench.settle()
  const { changes } = await store.getChanges('ada', { since })
  const followed = []
  const subscription = store.subscribe('ada', { since })
  while (followed.length < changes.length) followed.push(await subscription.next())
  await subscription.return?.()
  followed.push(await subscription.next())
  return {
    written,
    changes,
    followed,
    user: await store.users.get('ada'),
    contacts: await store.contacts.list('ada'),
    members: await store.groups.members('ada', 'group'),
    list: await store.getConversations('ada'),
    row: await store.getConversation('ada', bob),
    newest: await store.getMessages('ada', bob),
    oldest: await store.getMessages('ada', bob, { after: 0 }),
    none: await store.getMessages('ada', { peer: 'eve' }),
    message: await store.getMessage('ada', 'group', 1),
    unread: await store.getUnread('ada'),
    receipts: await store.getReceipts('ada', bob),
  }
}

const scribbled = 'scribbled'

/** Changes all that can be changed of an object, and of those in it. */
function scribble(value: unknown): void {
  if (typeof value !== 'object' || value === null) return
  for (const [key, inner] of Object.entries(value)) {
    scribble(inner)
    Reflect.set(value, key, scribbled)
  }
  Reflect.set(value, scribbled, scribbled)
}

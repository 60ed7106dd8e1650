import { deepStrictEqual as same, ok, strictEqual as is } from 'node:assert/strict'
import type { Group } from '../model/group.js'
import { failsWith } from './checks.js'
import { storeCase } from './store-case.js'

export const groupStoreCases = [
  storeCase('a group is made once', async (bench) => {
    const { store } = bench
    const request = { creator: 'ada', title: 'Trip', members: ['bob', 'bob', 'ada'], id: 'trip' }
    const group = await store.groups.create(request)
    same([group.id, group.title, group.creator, group.memberCount], ['trip', 'Trip', 'ada', 2])
    same(await store.groups.create(request), group)
    await failsWith('IDEMPOTENCY_CONFLICT', () => store.groups.create({ ...request, title: 'Other' }))
    await failsWith('INVALID_ARGUMENT', () => store.groups.create({ ...request, id: 'd.abc' }))
    await bench.settle()
    same(await bench.names('bob'), ['Trip'])
    same(
      (await store.groups.members('bob', 'trip')).items.map(({ userId }) => userId),
      ['ada', 'bob'],
    )
  }),

  storeCase('history is visible from joining on, and stays visible after leaving', async (bench) => {
    const { store } = bench
    const group = await bench.group('ada', 'bob')
    await bench.sayIn(group, 'ada', '1')
    await store.groups.addMembers('bob', group, ['cleo'])
    await bench.settle()
    same(await bench.texts('cleo', group), [])
    is((await store.getConversation('cleo', group))?.lastMessage, null)
    await bench.sayIn(group, 'bob', '2')
    same(await bench.texts('cleo', group), ['2'])
    await failsWith('MESSAGE_NOT_FOUND', () => store.getMessage('cleo', group, 1))
    await store.groups.removeMember('cleo', group, 'cleo')
    await bench.settle()
    await bench.sayIn(group, 'ada', '3')
    const row = await store.getConversation('cleo', group)
    same([row?.left, row?.lastMessage?.text, row?.unread, row?.headSeq], [true, '2', 0, 2])
    await failsWith('NOT_A_MEMBER', () =>
      store.sendMessage({ sender: 'cleo', conversationId: group, text: 'x' }),
    )
    await store.groups.addMembers('ada', group, ['cleo'])
    await bench.settle()
    await bench.sayIn(group, 'ada', '4')
    same(await bench.texts('cleo', group), ['4', '2'])
    is((await store.getConversation('cleo', group))?.unread, 1)
  }),

  storeCase('only the creator removes others, and is followed by the longest member', async (bench) => {
    const { store } = bench
    const group = await bench.group('ada', 'bob', 'cleo', 'dan')
    await failsWith('NOT_PERMITTED', () => store.groups.removeMember('bob', group, 'cleo'))
    await store.groups.removeMember('ada', group, 'dan')
    await store.groups.removeMember('ada', group, 'ada')
    await failsWith('NOT_PERMITTED', () => store.groups.removeMember('cleo', group, 'bob'))
    await store.groups.removeMember('bob', group, 'cleo')
    await bench.settle()
    is((await store.getConversation('bob', group))?.memberCount, 1)
    await failsWith('NOT_A_MEMBER', () => store.groups.rename('cleo', group, 'x'))
  }),

  storeCase('a group says who owns it, which need not be who made it', async (bench) => {
    const { store } = bench
    const request = { creator: 'ada', members: ['bob', 'cleo'], id: 'team' }
    const told = async (call: Promise<Group>): Promise<unknown> => {
      const { creator, owner } = await call
      await bench.settle()
      is(creator, 'ada')
      return owner
    }
    const first = async (viewer: string): Promise<unknown> =>
      (await store.groups.members(viewer, 'team', { limit: 1 })).items[0]?.userId
    is(await told(store.groups.create(request)), 'ada')
    is(await told(store.groups.rename('bob', 'team', 'Team')), 'ada')
    is(await told(store.groups.removeMember('ada', 'team', 'ada')), 'bob')
    is(await told(store.groups.addMembers('cleo', 'team', ['ada'])), 'bob')
    is(await told(store.groups.create(request)), 'bob')
    is(await first('ada'), 'bob')
    await failsWith('NOT_PERMITTED', () => store.groups.removeMember('ada', 'team', 'cleo'))
    is(await told(store.groups.removeMember('bob', 'team', 'bob')), 'cleo')
    is(await first('ada'), 'cleo')
    is(await told(store.groups.removeMember('cleo', 'team', 'ada')), 'cleo')
    is(await told(store.groups.removeMember('cleo', 'team', 'cleo')), null)
    is(await told(store.groups.create(request)), null)
  }),

  storeCase('who has blocked somebody is not added to a group by that one', async (bench) => {
    const { store } = bench
    await store.contacts.block('bob', 'ada')
    await failsWith('BLOCKED', () => store.groups.create({ creator: 'ada', members: ['bob'] }))
    const group = await bench.group('ada', 'cleo')
    await failsWith('BLOCKED', () => store.groups.addMembers('ada', group, ['dan', 'bob']))
    is((await store.groups.members('ada', group)).items.length, 2)
    await store.groups.addMembers('cleo', group, ['bob'])
    await bench.settle()
    is((await bench.sayIn(group, 'ada', 'a block does not matter in a group')).seq, 1)
    same(await bench.texts('bob', group), ['a block does not matter in a group'])
  }),

  storeCase(
    'changes of a group that nobody waited for take effect in the order of the calls',
    async (bench) => {
      const { store } = bench
      const group = await bench.group('ada', 'bob')
      const calls = [
        store.sendMessage({ sender: 'ada', conversationId: group, text: '1' }),
        store.groups.addMembers('ada', group, ['cleo']),
        store.sendMessage({ sender: 'cleo', conversationId: group, text: '2' }),
        store.groups.removeMember('ada', group, 'bob'),
        store.sendMessage({ sender: 'ada', conversationId: group, text: '3' }),
      ]
      await Promise.all(calls)
      await failsWith('NOT_A_MEMBER', () =>
        store.sendMessage({ sender: 'bob', conversationId: group, text: 'x' }),
      )
      await bench.settle()
      same(await bench.texts('cleo', group, { after: 0 }), ['2', '3'])
      same(await bench.texts('bob', group, { after: 0 }), ['1', '2'])
    },
  ),

  storeCase('users and contacts are kept', async (bench) => {
    const { store } = bench
    const ada = { id: 'ada', name: 'Ada', profile: { born: 1815 } }
    await store.users.register(ada)
    await store.users.register(ada)
    await failsWith('USER_EXISTS', () => store.users.register({ ...ada, name: 'Other' }))
    await failsWith('USER_NOT_FOUND', () => store.users.get('nobody'))
    await store.users.update('ada', { name: 'Ada L.' })
    same(await store.users.get('ada'), { ...ada, name: 'Ada L.' })
    await store.contacts.add('ada', 'cleo')
    await store.contacts.add('ada', 'bob', { alias: 'B.' })
    await store.contacts.block('ada', 'bob')
    const { items, next } = await store.contacts.list('ada', { limit: 1 })
    same(items, [{ contactId: 'bob', alias: 'B.', blocked: true }])
    ok(next !== null)
    same((await store.contacts.list('ada', { limit: 1, cursor: next })).items, [
      { contactId: 'cleo', blocked: false },
    ])
    await store.contacts.remove('ada', 'cleo')
    is((await store.contacts.list('ada', { limit: 10 })).items.length, 1)
  }),

  storeCase('whom a user has blocked can be read back, contact or not', async (bench) => {
    await bench.store.contacts.add('ada', 'bob', { alias: 'B.' })
    await bench.store.contacts.add('ada', 'cleo')
    for (const other of ['spam', 'bob', 'dan']) await bench.store.contacts.block('ada', other)
    await bench.store.contacts.unblock('ada', 'dan')
    await bench.settle()
    const check = async (): Promise<void> => {
      const { contacts } = bench.store
      const bob = { contactId: 'bob', alias: 'B.', blocked: true }
      const first = await contacts.list('ada', { limit: 1, blocked: true })
      same(first.items, [bob])
      const next = { limit: 1, cursor: String(first.next) }
      same(await contacts.list('ada', { ...next, blocked: true }), {
        items: [{ contactId: 'spam', blocked: true }],
        next: null,
      })
      await failsWith('INVALID_ARGUMENT', () => contacts.list('ada', next))
      same((await contacts.list('ada', { blocked: false })).items, [
        bob,
        { contactId: 'cleo', blocked: false },
      ])
      same((await contacts.list('spam', { blocked: true })).items, [])
    }
    await check()
    if (await bench.reopen()) await check()
  }),
]

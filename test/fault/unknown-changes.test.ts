import { expect, test } from 'vitest'
import type { MessageStore } from '../../src/api/message-store.js'
import { nodeFileSystem } from '../../src/platform/node-file-system.js'
import { interferedFileSystem } from '../fixtures/failing-file-system.js'
import { openLocalStore } from '../fixtures/local-store.js'
import { temporaryDirectory } from '../fixtures/temporary-directory.js'

interface World {
  readonly location: string
  /** What is written to the log arrives, but nobody hears of it. */
  syncFails: boolean
}

function open(world: World): Promise<MessageStore> {
  const fileSystem = interferedFileSystem(nodeFileSystem, {
    before: (operation, path) => {
      if (world.syncFails && operation === 'sync' && path.includes('/log/'))
        throw Object.assign(new Error('EIO: sync'), { code: 'EIO' })
    },
  })
  const settings = { shards: 1, virtualNodes: 1, cacheTierSize: 2, cacheBytes: 64 * 1024 }
  return openLocalStore(world.location, { settings, fileSystem })
}

/** What is answered as done behind a write of unknown outcome is so after reopening. */
async function holds(steps: {
  readonly before: (store: MessageStore) => Promise<unknown>
  readonly unknown: (store: MessageStore) => Promise<unknown>
  readonly last: (store: MessageStore) => Promise<unknown>
}): Promise<void> {
  const world = { location: await temporaryDirectory(), syncFails: false }
  const store = await open(world)
  await steps.before(store)
  await store.admin.checkpoint()
  world.syncFails = true
  await expect(steps.unknown(store)).rejects.toMatchObject({ code: 'OUTCOME_UNKNOWN' })
  // Memory forgets what it can.
  for (let i = 0; i < 300; i++) await store.getConversations(`nobody ${i}`)
  await expect(steps.last(store)).rejects.toMatchObject({ code: 'POISONED' })
  await store.close().catch(() => undefined)
  world.syncFails = false
  const again = await open(world)
  // The write of unknown outcome had arrived: whatever was answered, this makes it so.
  await expect(steps.last(again)).resolves.not.toThrow()
  await again.close()
}

test('an alias is not the old one already', () =>
  holds({
    before: (store) => store.contacts.add('a', 'b', { alias: 'old' }),
    unknown: (store) => store.contacts.add('a', 'b', { alias: 'new' }),
    last: (store) => store.contacts.add('a', 'b', { alias: 'old' }),
  }))

test('a contact is not taken off already', () =>
  holds({
    before: async () => undefined,
    unknown: (store) => store.contacts.add('a', 'b'),
    last: (store) => store.contacts.remove('a', 'b'),
  }))

test('a name is not the old one already', () =>
  holds({
    before: (store) => store.users.register({ id: 'a', name: 'old' }),
    unknown: (store) => store.users.update('a', { name: 'new' }),
    last: (store) => store.users.update('a', { name: 'old' }),
  }))

test('a user is not registered already', () =>
  holds({
    before: (store) => store.users.register({ id: 'a', name: 'old' }),
    unknown: (store) => store.users.update('a', { name: 'new' }),
    last: async (store) => {
      const known = await store.users.register({ id: 'a', name: 'old' }).catch((error: unknown) => error)
      if (known instanceof Error && 'code' in known && known.code !== 'USER_EXISTS') throw known
    },
  }))

test('a title is not the old one already', () =>
  holds({
    before: (store) => store.groups.create({ creator: 'a', members: ['b'], id: 'g', title: 'old' }),
    unknown: (store) => store.groups.rename('a', 'g', 'new'),
    last: (store) => store.groups.rename('a', 'g', 'old'),
  }))

test('a member is not in the group already', () =>
  holds({
    before: (store) => store.groups.create({ creator: 'a', members: ['b'], id: 'g' }),
    unknown: (store) => store.groups.removeMember('a', 'g', 'b'),
    last: (store) => store.groups.addMembers('a', 'g', ['b']),
  }))

test('neither is a block lifted already, nor made', async () => {
  const block = (store: MessageStore) => store.contacts.block('a', 'b')
  const unblock = (store: MessageStore) => store.contacts.unblock('a', 'b')
  const before = (store: MessageStore) => store.sendMessage({ sender: 'a', receiver: 'b', text: 'x' })
  await holds({ before, unknown: block, last: unblock })
  await holds({ before, unknown: block, last: block })
})

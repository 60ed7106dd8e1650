import { expect, onTestFinished, test } from 'vitest'
import { openMessageStore, type MessageStore } from '../../../src/index.js'
import { feedOf } from '../../fixtures/feed-pages.js'
import { temporaryDirectory } from '../../fixtures/temporary-directory.js'

const count = 10_000

/** A busy group in one generation, and a member who has heard of nothing. */
async function fill(store: MessageStore): Promise<string> {
  const { token } = await store.getChanges('me')
  await store.groups.create({ creator: 'bot', members: ['me', 'gone'], id: 'g' })
  for (let i = 0; i < count; i += 1000) {
    if (i === count / 2) await store.groups.removeMember('bot', 'g', 'gone')
    await Promise.all(
      Array.from({ length: 1000 }, (_, k) =>
        store.sendMessage({ sender: 'bot', conversationId: 'g', text: `message ${i + k}` }),
      ),
    )
  }
  return token
}

/** The messages that come in pages of so many. */
async function pages(store: MessageStore, user: string, token: string, limit: number): Promise<number[]> {
  const changes = await feedOf(store, user, token, limit)
  return changes.flatMap((change) => (change.kind === 'message' ? [change.message.seq] : []))
}

const all = Array.from({ length: count }, (_, i) => i + 1)

test.each(['memory', 'the shards'])(
  'a long feed in %s is the same in pages of any size, up to what each may see',
  async (where) => {
    const options = { location: await temporaryDirectory(), durability: 'os' } as const
    let store = await openMessageStore(options)
    onTestFinished(() => store.close())
    const token = await fill(store)
    if (where === 'the shards') {
      await store.close()
      store = await openMessageStore(options)
    }
    expect(await pages(store, 'me', token, 1000)).toEqual(all)
    expect(await pages(store, 'me', token, 150)).toEqual(all)
    expect(await pages(store, 'gone', token, 77)).toEqual(all.slice(0, count / 2))
  },
)

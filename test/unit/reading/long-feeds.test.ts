import { expect, onTestFinished, test } from 'vitest'
import { openMessageStore, type MessageStore } from '../../../src/index.js'
import { temporaryDirectory } from '../../fixtures/temporary-directory.js'

const count = 20_000

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

/** What comes in pages of so many, and the milliseconds of a processor that it took. */
async function pages(store: MessageStore, user: string, token: string, limit: number) {
  const began = process.cpuUsage().user
  const seqs: number[] = []
  let since = token
  for (let more = true; more;) {
    const page = await store.getChanges(user, { since, limit })
    for (const change of page.changes) if (change.kind === 'message') seqs.push(change.message.seq)
    more = page.hasMore
    since = page.token
  }
  return { seqs, took: (process.cpuUsage().user - began) / 1000 }
}

const all = Array.from({ length: count }, (_, i) => i + 1)

// Rows are skipped one by one to where a page begins, which is little of what it would take to make all of them.
test.each([
  ['memory', 4],
  ['the shards', 11],
] as const)(
  'a page of a long feed in %s costs what it has, and not what the feed has',
  async (where, times) => {
    const options = { location: await temporaryDirectory(), durability: 'os' } as const
    let store = await openMessageStore(options)
    onTestFinished(() => store.close())
    const token = await fill(store)
    if (where === 'the shards') {
      await store.close()
      store = await openMessageStore(options)
    }
    // The first time makes it fast.
    await pages(store, 'me', token, 1000)
    const few = await pages(store, 'me', token, 1000)
    const many = await pages(store, 'me', token, 50)
    expect(few.seqs).toEqual(all)
    expect(many.seqs).toEqual(all)
    expect(many.took).toBeLessThan(times * few.took)
    expect((await pages(store, 'gone', token, 77)).seqs).toEqual(all.slice(0, count / 2))
  },
)

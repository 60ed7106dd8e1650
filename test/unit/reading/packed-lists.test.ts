import { expect, test } from 'vitest'
import { openMessageStore, type MessageStore } from '../../../src/index.js'
import { temporaryDirectory } from '../../fixtures/temporary-directory.js'

const peers = Array.from({ length: 40 }, (_, i) => `peer-${String(i).padStart(2, '0')}`)

/** `me` with a conversation with each of the peers, the first one's message the oldest. */
async function fill(store: MessageStore): Promise<void> {
  for (const peer of peers) {
    await store.sendMessage({ sender: peer, receiver: 'me', text: `from ${peer}`, attributes: { of: peer } })
    await store.sendMessage({ sender: 'me', receiver: peer, text: `to ${peer}` })
    await store.sendMessage({
      sender: peer,
      receiver: 'me',
      text: `again from ${peer}`,
      attributes: { 1: [peer] },
    })
  }
}

/** What a list says of each conversation. */
async function list(store: MessageStore, user: string) {
  const { items } = await store.getConversations(user, { limit: 100 })
  return items.map(({ peer, lastMessage, unread, readSeq, deliveredSeq }) => ({
    peer,
    text: lastMessage?.text,
    sender: lastMessage?.sender,
    attributes: lastMessage?.attributes,
    unread,
    readSeq,
    deliveredSeq,
  }))
}

test.each(['read from the shards', 'packed for want of room'])('a list that is %s', async (how) => {
  const location = await temporaryDirectory()
  const options = { location, durability: 'os', cache: { maxBytes: 96 * 1024 } } as const
  let store = await openMessageStore(options)
  try {
    await fill(store)
    const stored = how === 'read from the shards'
    if (stored) {
      await store.close()
      store = await openMessageStore(options)
    }
    const expected = peers
      .map((peer) => ({
        peer,
        text: `again from ${peer}`,
        sender: peer,
        attributes: { 1: [peer] } as unknown,
        unread: 2,
        readSeq: 0,
        deliveredSeq: 0,
      }))
      .reverse()
    expect(await list(store, 'me')).toEqual(expected)
    // Others look at their lists, for which there is no room beside this one.
    for (const peer of peers) await list(store, peer)
    expect(await list(store, 'me')).toEqual(expected)

    // A mark, a look, a message: each takes its conversation out.
    const row = (peer: string) => expected.find((one) => one.peer === peer)!
    await store.markRead('me', { peer: 'peer-07' }, 1)
    Object.assign(row('peer-07'), { unread: 1, readSeq: 1, deliveredSeq: 1 })
    expect((await store.getConversation('me', { peer: 'peer-11' }))?.unread).toBe(2)
    expect(await list(store, 'me')).toEqual(expected)
    await store.sendMessage({ sender: 'peer-20', receiver: 'me', text: 'news' })
    const moved = expected.splice(expected.indexOf(row('peer-20')), 1)[0]!
    expected.unshift({ ...moved, text: 'news', attributes: undefined, unread: 3 })
    expect(await list(store, 'me')).toEqual(expected)

    for (const peer of peers) await list(store, peer)
    expect(await list(store, 'me')).toEqual(expected)
    expect(await store.getUnread('me')).toEqual({ total: 80, conversations: 40 })
    await store.close()
    store = await openMessageStore(options)
    expect(await list(store, 'me')).toEqual(expected)
  } finally {
    await store.close()
  }
})

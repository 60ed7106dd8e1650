import { expect, test } from 'vitest'
import { CachedUser, ConversationEntry, ListNode } from '../../../src/local/memory/entries.js'
import { FeedAhead } from '../../../src/local/memory/feed-ahead.js'
import { KeptLists } from '../../../src/local/memory/kept-lists.js'
import type { Participation } from '../../../src/model/conversation.js'
import type { ConversationId, Position, UserId } from '../../../src/model/ids.js'

function newLists(): KeptLists {
  return new KeptLists({
    pack: () => expect.unreachable(),
    removeNode: () => expect.unreachable(),
    grew: () => {},
  })
}

test('what is shown of a conversation that has left the list meanwhile is in no account', () => {
  const lists = newLists()
  const user = new CachedUser('ann' as UserId)
  const node = new ListNode(user, new ConversationEntry('talk' as ConversationId), null)
  const view = {} as Participation

  lists.countNode(node, 1)
  const alone = lists.bytes
  lists.show(node, view, 500)
  expect(lists.bytes).toBe(alone + 500)
  lists.countNode(node, -1)
  expect(lists.bytes).toBe(0)

  // Somebody has waited for its message and shows it once more.
  lists.show(node, view, 500)
  expect([lists.bytes, lists.hotBytes, node.view]).toEqual([0, 0, view])

  lists.countNode(node, 1)
  lists.show(node, view, 200)
  lists.countNode(node, -1)
  expect(lists.bytes).toBe(0)
})

test('what was read in advance of a feed counts with the ids in it', () => {
  const lists = newLists()
  const user = new CachedUser('ann' as UserId)
  const costWith = (length: number): number => {
    const id = 'x'.repeat(length)
    const ids = { conversationId: id as ConversationId, userId: id as UserId }
    const refs = Array.from(
      { length: 10 },
      (_, i) => ({ kind: 'read', position: i as Position, ...ids }) as const,
    )
    user.feedAhead = new FeedAhead(0, 10, refs)
    lists.chargeBeside(user)
    return lists.bytes
  }
  expect(costWith(256) - costWith(1)).toBe(2 * 10 * 255)
  lists.forget(user)
  expect(lists.bytes).toBe(0)
})

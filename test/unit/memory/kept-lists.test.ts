import { expect, test } from 'vitest'
import { ConversationEntry, ListNode, UserEntry } from '../../../src/local/memory/entries.js'
import { KeptLists } from '../../../src/local/memory/kept-lists.js'
import type { Participation } from '../../../src/model/conversation.js'
import type { ConversationId, UserId } from '../../../src/model/ids.js'

test('what is shown of a conversation that has left the list meanwhile is in no account', () => {
  const lists = new KeptLists({
    pack: () => expect.unreachable(),
    removeNode: () => expect.unreachable(),
    grew: () => {},
  })
  const user = new UserEntry('ann' as UserId)
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

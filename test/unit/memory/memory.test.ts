import { expect, onTestFinished, test, vi } from 'vitest'
import { ConversationEntry, ListNode, Touched } from '../../../src/local/memory/entries.js'
import { FeedAhead } from '../../../src/local/memory/feed-ahead.js'
import { Generation } from '../../../src/local/memory/generation.js'
import type { PackedConversation } from '../../../src/formats/packed-conversation.js'
import { Memory } from '../../../src/local/memory/memory.js'
import { noMarks } from '../../../src/model/conversation.js'
import { directConversationId } from '../../../src/model/direct-conversation-id.js'
import type { ConversationId, Position, UserId } from '../../../src/model/ids.js'

function newMemory(
  maxBytes: number,
  pack: (node: ListNode) => PackedConversation = () => expect.unreachable(),
): { memory: Memory; generation: Generation } {
  const generation = new Generation(0, 0, () => undefined)
  const options = { maxBytes, tierSize: 15, exactIds: 48, keptAside: 256 }
  const memory = new Memory({ ...options, pack, later: () => undefined }, generation)
  return { memory, generation }
}

/** What a write that becomes durable makes of it. */
function touch(memory: Memory, generation: Generation, entry: ConversationEntry): void {
  entry.touched = new Touched(entry, generation, entry.touched)
  memory.keepLive(entry)
  generation.conversations.push(entry.touched)
}

test('a trim looks at no conversation that only live generations know, and they go with the last of these', () => {
  const { memory, generation } = newMemory(0)
  const later = new Generation(1, 0, () => undefined)
  const entries = Array.from({ length: 50 }, (_, i) => memory.conversation(`talk ${i}` as ConversationId))
  for (const entry of entries) touch(memory, generation, entry)
  for (const entry of entries.slice(0, 20)) touch(memory, later, entry)
  const looked = vi.spyOn(ConversationEntry.prototype, 'idle', 'get')
  onTestFinished(() => looked.mockRestore())
  memory.trim()
  expect(looked).not.toHaveBeenCalled()

  // One is in its lane when the generations go, and leaves it without a word.
  const [busy] = entries as [ConversationEntry]
  busy.lane = {}
  memory.dropped(generation, () => undefined)
  expect(memory.conversationCount).toBe(20)
  memory.dropped(later, () => undefined)
  expect(memory.conversationCount).toBe(1)
  memory.trim()
  expect(memory.conversationCount).toBe(1)
  busy.lane = null
  memory.trim()
  expect(memory.conversationCount).toBe(0)
})

test('what somebody will probably ask for again stays while there is room; then the one used last goes last', () => {
  const { memory } = newMemory(3000)
  const use = (id: string): void => {
    const entry = memory.conversation(id as ConversationId)
    entry.kind = 'group'
    memory.release(entry, true)
  }
  for (const id of ['one', 'two', 'three', 'one']) use(id)
  memory.trim()
  expect(memory.conversationCount).toBe(3)
  for (const id of ['four', 'five', 'six', 'seven']) use(id)
  memory.trim()
  expect(memory.bytes).toBeLessThanOrEqual(3000)
  expect(memory.peekConversation('two' as ConversationId)).toBe(undefined)
  expect(memory.peekConversation('one' as ConversationId)).not.toBe(undefined)
})

test('what was read of a feed in advance goes before anything else of a user', () => {
  const { memory } = newMemory(3000)
  const ann = memory.user('ann' as UserId)
  ann.memberships = new Map()
  const refs = Array.from({ length: 40 }, (_, i) => ({
    position: (i + 1) as Position,
    kind: 'profile' as const,
  }))
  ann.feedAhead = new FeedAhead(0, 50, refs)
  memory.lists.chargeBeside(ann)
  expect(memory.bytes).toBeGreaterThan(3000)
  memory.trim()
  expect(memory.bytes).toBeLessThanOrEqual(3000)
  expect(memory.user('ann' as UserId)).toBe(ann)
  expect([ann.feedAhead, ann.memberships]).toEqual([null, new Map()])
})

test('a list that there is no memory to pack stays whole, or goes', () => {
  let left = 2
  const { memory } = newMemory(0, () => {
    if (left-- === 0) throw new RangeError('Array buffer allocation failed')
    const conversation = directConversationId('ann', 'ben')
    const head = { head: 1, own: 1, timestamp: 1, isOwn: true }
    return { conversation, peer: 'ben' as UserId, position: left + 1, ...head, marks: null, body: null }
  })
  const ann = memory.user('ann' as UserId)
  ann.listed = ann.complete = true
  for (const peer of ['ben', 'carl', 'dora'] as UserId[])
    memory.addNode(new ListNode(ann, memory.direct(ann.id, peer), noMarks), 'newest')
  expect(memory.lists.pack(ann)).toBe(false)
  expect([ann.count, ann.packed]).toEqual([3, null])
  left = 3
  expect(memory.lists.pack(ann)).toBe(true)
  expect([ann.count, ann.packed?.length, [...ann.nodes]]).toEqual([3, 3, []])

  for (const peer of ['eve', 'fay'] as UserId[])
    memory.addNode(new ListNode(ann, memory.direct(ann.id, peer), noMarks), 'newest')
  left = 0
  memory.trim()
  expect([memory.userCount, memory.conversationCount, memory.bytes]).toEqual([0, 0, 0])
})

test('a list whose end had to go is not taken for the whole', () => {
  const peers = Array.from({ length: 60 }, (_, i) => `peer ${i}` as UserId)
  const listed = (maxBytes: number) => {
    const pack = ({ entry }: ListNode): PackedConversation => {
      const head = { head: 1, own: 1, timestamp: 1, isOwn: true }
      const { id: conversation, position } = entry
      return {
        conversation,
        peer: entry.peerOf('ann' as UserId)!,
        position,
        ...head,
        marks: null,
        body: null,
      }
    }
    const { memory } = newMemory(maxBytes, pack)
    const ann = memory.user('ann' as UserId)
    ann.listed = ann.complete = true
    for (const [i, peer] of peers.entries()) {
      const entry = memory.direct(ann.id, peer)
      entry.position = i + 1
      memory.addNode(new ListNode(ann, entry, noMarks), 'newest')
    }
    return { memory, ann }
  }
  // So much that a packed half of it has room.
  const whole = listed(1e9)
  whole.memory.lists.pack(whole.ann)
  const { memory, ann } = listed(1000 + whole.memory.lists.bytes / 2)
  memory.trim()
  expect(memory.userCount).toBe(1)
  expect(ann.count).toBeGreaterThan(0)
  expect(ann.count).toBeLessThan(peers.length)
  expect([ann.listed, ann.complete, ann.floor]).toEqual([true, false, peers.length - ann.count + 1])
})

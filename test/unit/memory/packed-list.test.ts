import fc from 'fast-check'
import { expect, test, vi } from 'vitest'
import type { PackedConversation } from '../../../src/formats/packed-conversation.js'
import { PackedList } from '../../../src/local/memory/packed-list.js'
import { noMarks, type Marks } from '../../../src/model/conversation.js'
import { directConversationId } from '../../../src/model/direct-conversation-id.js'
import type { Position, UserId } from '../../../src/model/ids.js'

const number = fc.integer({ min: 0, max: 2 ** 48 })
const user = fc.string({ minLength: 1, maxLength: 40, unit: 'binary' }).map((id) => id as UserId)
const position = number.map((value) => value as Position)
const marks: fc.Arbitrary<Marks | null> = fc.oneof(
  fc.constant(null),
  fc.constant(noMarks),
  fc.record({
    delivered: fc.integer({ min: 1, max: 2 ** 40 }),
    read: number,
    ownAtRead: number,
    readAt: position,
    deliveredAt: position,
  }),
)
const conversation: fc.Arbitrary<PackedConversation> = fc.record({
  conversation: fc.tuple(user, user).map(([one, other]) => directConversationId(one, other)),
  peer: user,
  position: fc.integer({ min: 1, max: 2 ** 48 }),
  head: number,
  own: number,
  timestamp: number,
  isOwn: fc.boolean(),
  marks,
  body: fc.option(
    fc
      .uint8Array({ maxLength: 1024 })
      .map((bytes) => ({ bytes: Buffer.from(bytes), start: 0, end: bytes.length })),
  ),
})
const list = (maxLength: number) =>
  fc
    .uniqueArray(conversation, { maxLength, selector: ({ position: at }) => at })
    .map((some) => some.sort((a, b) => b.position - a.position))

/** With the bytes of the body as they are. */
function shown({ body, ...others }: PackedConversation) {
  return { ...others, body: body === null ? null : Buffer.from(body.bytes.subarray(body.start, body.end)) }
}

function all(packed: PackedList | null) {
  return packed === null ? [] : Array.from({ length: packed.length }, (_, i) => shown(packed.at(i)))
}

test('what is packed comes out as it was, in its order, also when more is packed with it', () => {
  fc.assert(
    fc.property(list(12), list(6), (first, second) => {
      const taken = new Set(first.map(({ position: at }) => at))
      const others = second.filter(({ position: at }) => !taken.has(at))
      const packed = PackedList.of(others, PackedList.of(first))
      const expected = [...first, ...others].sort((a, b) => b.position - a.position)
      expect(all(packed)).toEqual(expected.map(shown))
      if (packed === null) return
      expect(packed.last).toBe(expected.at(-1)?.position)
      for (const [index, { position: at }] of expected.entries()) {
        expect(packed.indexOf(at)).toBe(index)
        expect(packed.below(at)).toBe(index + 1)
      }
      expect(packed.indexOf(0)).toBe(-1)
    }),
  )
})

test('what is taken out is gone, and so is what lies behind the first ones', () => {
  fc.assert(
    fc.property(list(12), fc.nat(11), fc.nat(11), (conversations, at, kept) => {
      fc.pre(conversations.length > at)
      const packed = PackedList.of(conversations) as PackedList
      expect(shown(packed.take(at))).toEqual(shown(conversations[at] as PackedConversation))
      const left = conversations.toSpliced(at, 1)
      expect(all(packed)).toEqual(left.map(shown))
      const count = Math.min(kept, left.length)
      expect(all(packed.first(count))).toEqual(left.slice(0, count).map(shown))
    }),
  )
})

test('those that are not gone stay as they are, and all of them are to be had at once', () => {
  fc.assert(
    fc.property(list(12), fc.nat(3), (conversations, share) => {
      const packed = PackedList.of(conversations)
      expect((packed?.all() ?? []).map(shown)).toEqual(conversations.map(shown))
      const gone = new Set(conversations.filter((_, i) => i % 4 <= share).map(({ conversation: id }) => id))
      const left = conversations.filter(({ conversation: id }) => !gone.has(id))
      const without = packed?.without((id) => gone.has(id)) ?? null
      expect(all(without)).toEqual(left.map(shown))
      expect((without?.all() ?? []).map(shown)).toEqual(left.map(shown))
    }),
  )
})

test('the first ones of a list are kept as they are, though there is no memory to copy them', () => {
  fc.assert(
    fc.property(list(20), fc.nat(20), (conversations, count) => {
      const packed = PackedList.of(conversations)
      const copy = vi.spyOn(Buffer, 'from').mockImplementation(() => {
        throw new RangeError('Array buffer allocation failed')
      })
      let first
      try {
        first = packed?.first(count)
      } finally {
        copy.mockRestore()
      }
      expect(all(first ?? null)).toEqual(conversations.slice(0, count).map(shown))
    }),
    { numRuns: 20 },
  )
})

test('of a list that there is no memory to unpack each conversation is to be had, and can be taken out', () => {
  const bytes = Buffer.alloc(1000, 'x')
  const conversations = Array.from({ length: 60 }, (_, i): PackedConversation => {
    const ids = { conversation: directConversationId('ann', `${i}`), peer: `${i}` as UserId }
    const body = { bytes, start: 0, end: bytes.length }
    return { ...ids, position: 1000 - i, head: i, own: i, timestamp: i, isOwn: false, marks: noMarks, body }
  })
  const packed = PackedList.of(conversations) as PackedList
  const short = PackedList.of(conversations.slice(0, 1)) as PackedList
  const allocate = vi.spyOn(Buffer, 'allocUnsafe').mockImplementation(() => {
    throw new RangeError('Array buffer allocation failed')
  })
  try {
    expect(all(packed)).toEqual(conversations.map(shown))
    expect(all(short)).toEqual(conversations.slice(0, 1).map(shown))
    expect(shown(packed.take(7))).toEqual(shown(conversations[7] as PackedConversation))
  } finally {
    allocate.mockRestore()
  }
  expect(all(packed)).toEqual(conversations.toSpliced(7, 1).map(shown))
})

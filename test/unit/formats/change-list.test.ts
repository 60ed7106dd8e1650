import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  changesIn,
  ChangeListWriter,
  decodeChanges,
  encodeChanges,
  type StoredChange,
} from '../../../src/formats/change-list.js'
import { directConversationId } from '../../../src/model/direct-conversation-id.js'
import { ids, numbers } from './arbitraries.js'
import { damaged, refusesOrReads } from './damaged-bytes.js'

const things = fc.oneof(
  fc.record({ kind: fc.constant('message' as const), conversation: ids, seq: numbers }),
  fc.record({
    kind: fc.constantFrom('read' as const, 'delivered' as const, 'member' as const),
    conversation: ids,
    user: ids,
  }),
  fc.record({ kind: fc.constant('conversation' as const), conversation: ids }),
  fc.record({ kind: fc.constant('contact' as const), user: ids }),
  fc.record({ kind: fc.constant('profile' as const) }),
)

/** A burst in one conversation, with others now and then between its messages. */
const burst = fc
  .tuple(ids, fc.nat(300), fc.array(fc.option(things, { freq: 3 }), { maxLength: 8 }))
  .map(([conversation, first, between]) =>
    between.flatMap((other, at) => [
      { kind: 'message' as const, conversation, seq: first + at },
      ...(other === null ? [] : [other]),
    ]),
  )

const lists: fc.Arbitrary<StoredChange[]> = fc
  .array(
    fc.tuple(
      fc.oneof(
        things.map((thing) => [thing]),
        burst,
      ),
      fc.nat(1000),
    ),
    { maxLength: 20 },
  )
  .map((entries) => {
    let position = 0
    return entries.flatMap(([some, step]) =>
      some.map((thing) => ({ position: (position += step), ...thing })),
    )
  })

test('a list of changes that was encoded is decoded again', () => {
  fc.assert(
    fc.property(lists, (changes) => {
      expect(decodeChanges(encodeChanges(changes), null)).toEqual(changes)
    }),
  )
})

test('from any position on it is what stands above it, and no more is read than is taken', () => {
  fc.assert(
    fc.property(lists, fc.nat(20_000), (changes, after) => {
      const bytes = encodeChanges(changes)
      const above = changes.filter(({ position }) => position > after)
      expect([...changesIn(bytes, null, after)]).toEqual(above)
      if (above.length === 0) return
      // Behind them stands nothing that could be a change.
      const [first] = changesIn(Buffer.concat([bytes, Buffer.alloc(10, 0xff)]), null, after)
      expect(first).toEqual(above[0])
    }),
  )
})

test('a direct conversation that is named by whom it is with is found again', () => {
  const owner = 'ada'
  const writer = new ChangeListWriter()
  fc.assert(
    fc.property(fc.array(fc.tuple(ids, numbers), { maxLength: 20 }), (messages) => {
      const expected = messages.map(([peer, seq], at) => {
        const conversation = directConversationId(owner, peer)
        writer.message(at, conversation, seq, peer)
        return { position: at, kind: 'message', conversation, seq }
      })
      const bytes = Buffer.from(writer.finish())
      expect(decodeChanges(bytes, owner)).toEqual(expected)
    }),
  )
})

test('bytes that are no list of changes are refused and nothing else', () => {
  fc.assert(
    fc.property(damaged(lists.map((changes) => encodeChanges(changes))), (bytes) => {
      refusesOrReads(() => decodeChanges(bytes, 'ada'))
    }),
  )
})

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { decodeListCopy, encodeListCopy, type ListCopy } from '../../../src/formats/list-copy.js'
import { directConversationId } from '../../../src/model/direct-conversation-id.js'
import { ids } from './arbitraries.js'
import { damaged, refusesOrReads } from './damaged-bytes.js'

const number = fc.integer({ min: 0, max: 2 ** 48 })
const conversation = fc.oneof(
  ids,
  fc.tuple(ids, ids).map(([one, other]) => directConversationId(one as never, other as never) as string),
)
const direct = fc
  .array(fc.tuple(number, fc.uint8Array({ maxLength: 40 })), { maxLength: 6 })
  .map((packed) => {
    const bytes = Buffer.concat(packed.map(([, one]) => one))
    const ends: number[] = []
    for (const [, one] of packed) ends.push((ends.at(-1) ?? 0) + one.length)
    return {
      bytes: bytes.latin1Slice(),
      starts: packed.map(([, one], i) => (ends[i] as number) - one.length),
      ends,
      positions: packed.map(([position]) => position),
    }
  })
const copies: fc.Arbitrary<ListCopy> = fc.record({
  position: number,
  floor: number,
  large: fc.array(conversation, { maxLength: 3 }),
  groups: fc.array(fc.record({ position: number, conversation }), { maxLength: 3 }),
  direct,
})
const encoded = copies.map((copy) => Buffer.from(encodeListCopy(copy)))

test('a copy of a list is read as it was written', () => {
  fc.assert(
    fc.property(copies, (copy) => {
      expect(decodeListCopy(encodeListCopy(copy))).toEqual(copy)
    }),
  )
})

test('what is packed with holes is written without them', () => {
  const columns = { bytes: 'aabbbc', starts: [0, 5], ends: [2, 6], positions: [9, 4] }
  const copy = { position: 9, floor: 0, large: [], groups: [], direct: columns }
  expect(decodeListCopy(encodeListCopy(copy)).direct).toEqual({
    bytes: 'aac',
    starts: [0, 2],
    ends: [2, 3],
    positions: [9, 4],
  })
})

test('damaged bytes are refused with CORRUPT or read as something', () => {
  fc.assert(fc.property(damaged(encoded), (bytes) => refusesOrReads(() => decodeListCopy(bytes))))
})

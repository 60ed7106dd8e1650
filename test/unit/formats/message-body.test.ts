import fc from 'fast-check'
import { expect, test } from 'vitest'
import { bodyRoom, endOfId, readBody, readId, writeBody, writeId } from '../../../src/formats/message-body.js'
import type { MessageDraft } from '../../../src/model/message.js'
import { ids, texts } from './arbitraries.js'
import { damaged, refusesOrReads } from './damaged-bytes.js'

const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined })
const drafts = fc.record({
  sender: ids,
  id: ids,
  deviceId: maybe(ids),
  text: texts,
  attributes: maybe(fc.json()),
  sentAt: maybe(fc.oneof(fc.double({ noNaN: true }), fc.nat(2 ** 48), fc.constantFrom(2 ** 48, -0, -1))),
}) as fc.Arbitrary<MessageDraft>

function encode(draft: MessageDraft, before = 0): { bytes: Buffer; end: number } {
  const bytes = Buffer.alloc(before + bodyRoom(draft), 0xee)
  return { bytes, end: writeBody(draft, bytes, before) }
}

test('a body that was written is read again, and its room was enough', () => {
  fc.assert(
    fc.property(drafts, fc.nat(20), (draft, before) => {
      const { bytes, end } = encode(draft, before)
      expect(end).toBeLessThanOrEqual(bytes.length)
      const { id, deviceId, sentAt, text, attributes } = draft
      expect(readBody(bytes, before, end)).toEqual({ id, deviceId, sentAt, text, attributes })
    }),
  )
})

test.each([21_845, 21_846, 65_535, 65_536, 100_000])(
  'long texts and attributes, of %d characters',
  (length) => {
    for (const character of ['a', '\u{20ac}']) {
      const long = character.repeat(length)
      for (const [text, attributes] of [
        [long, undefined],
        ['', long],
        [long, long],
      ] as const) {
        const draft = {
          sender: 'a',
          id: 'b',
          deviceId: undefined,
          text,
          attributes,
          sentAt: 0,
        } as MessageDraft
        const { bytes, end } = encode(draft)
        expect(end).toBeLessThanOrEqual(bytes.length)
        expect(readBody(bytes, 0, end)).toMatchObject({ text, attributes, sentAt: 0 })
      }
    }
  },
)

test('a body that ends before its text is refused; the text is all that is left', () => {
  fc.assert(
    fc.property(drafts, (draft) => {
      const { bytes, end } = encode(draft)
      const text = end - Buffer.byteLength(draft.text)
      for (let stop = 0; stop < text; stop++) expect(() => readBody(bytes, 0, stop)).toThrow('read')
      for (let stop = text; stop < end; stop++)
        expect(readBody(bytes, 0, stop).text).toBe(bytes.utf8Slice(text, stop))
    }),
    { numRuns: 10 },
  )
})

test('bytes that are no body are refused and nothing else', () => {
  const good = drafts.map((draft) => {
    const { bytes, end } = encode(draft)
    return bytes.subarray(0, end)
  })
  fc.assert(
    fc.property(damaged(good), (bytes) => {
      refusesOrReads(() => readBody(bytes, 0, bytes.length))
    }),
  )
})

test('ids of 1 to 256 bytes lie behind their length', () => {
  fc.assert(
    fc.property(ids, ids, (first, second) => {
      const bytes = Buffer.alloc(520)
      const middle = writeId(first, bytes, 3)
      const end = writeId(second, bytes, middle)
      expect(endOfId(bytes, 3, end)).toBe(middle)
      expect(endOfId(bytes, middle, end)).toBe(end)
      expect([readId(bytes, 3), readId(bytes, middle)]).toEqual([first, second])
      expect(() => endOfId(bytes, middle, end - 1)).toThrow('ends too late')
    }),
  )
})

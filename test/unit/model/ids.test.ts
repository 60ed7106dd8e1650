import { assert, constantFrom, nat, oneof, property, string, tuple } from 'fast-check'
import { expect, test } from 'vitest'
import { directConversationId as publicId } from '../../../src/api/direct-conversation-id.js'
import { directConversationId } from '../../../src/model/direct-conversation-id.js'
import type { UserId } from '../../../src/model/ids.js'
import { thrownBy } from '../../fixtures/thrown-by.js'
import { derivedId, maxIdBytes, shownId, storedId } from '../../../src/model/message-ids.js'

const names = string({ minLength: 1, maxLength: 300, unit: constantFrom('a', '~', '.', '0', '1', '9') })

test('the id of a direct conversation is symmetric, and another for another pair', () => {
  assert(
    property(tuple(names, names), tuple(names, names), ([a, b], [c, d]) => {
      expect(directConversationId(a, b)).toBe(directConversationId(b, a))
      expect(directConversationId(a, b)).toMatch(/^d\.[\w-]{28}$/)
      const same = (a === c && b === d) || (a === d && b === c)
      expect(directConversationId(a, b) === directConversationId(c, d)).toBe(same)
    }),
  )
  expect(directConversationId('ab', 'c')).not.toBe(directConversationId('a', 'bc'))
})

// Fixed for ever: stores and clients keep these ids.
test.each([
  ['ada', 'bob', 'd.cPOilvWE30NPwhjpvPpBr9_2J4O8'],
  ['ada', 'ada', 'd.36k9nvhtIRfuSZlwoAlNQGH0z9HG'],
  ['a\0b', 'a', 'd.HSdEmBnVVzbxO_cGRSIgqnCHWH8u'],
  ['é€', '\u{1f600}\uffff', 'd.iKTpXK8giuxTeOViBgZ-fgXTN79M'],
])('the id of the direct conversation of %j and %j stays', (a, b, id) => {
  expect(directConversationId(a, b)).toBe(id)
  expect(directConversationId(b, a)).toBe(id)
})

test.each([
  ['ada', 1_700_000_000_000, 'phone', '~.loyw3v28.3.adaphone'],
  ['é€', 35, '\u{1f600}', '~.z.2.é€😀'],
  ['ada', 0, 'x'.repeat(256), '~..2jk5CPaMSkf9LNVRyjpMerWqVXi6xgcm3wk1FodMhT8'],
  ['€'.repeat(80), 1_700_000_000_000, 'phoné', '~..GmqDhaWYqQMPq__yYhW9rcWn0VsrrquryRXsivfJ1Ew'],
])('the id of a message that %j sent at %i with %j stays', (sender, time, device, id) => {
  expect(derivedId(sender as UserId, time, device)).toBe(id)
})

test('given ids come back as they were given, and are never derived ones', () => {
  const strange = oneof(
    names,
    names.map((name) => `~.${name}`),
    names.map((name) => `~~.${name}`),
  )
  assert(
    property(strange, strange, names, nat(), names, (one, other, sender, time, device) => {
      expect(shownId(storedId(one))).toBe(one)
      expect(storedId(one) === storedId(other)).toBe(one === other)
      expect(storedId(derivedId(sender as UserId, time, device))).not.toBe(
        derivedId(sender as UserId, time, device),
      )
      expect(storedId(one)).not.toBe(derivedId(sender as UserId, time, device))
    }),
  )
})

test('derived ids are injective and short enough to store', () => {
  const parts = tuple(names, oneof(nat(40), nat()), names)
  assert(
    property(parts, parts, (one, other) => {
      const [a, b] = [one, other].map(([sender, time, device]) => derivedId(sender as UserId, time, device))
      expect(a === b).toBe(one.every((part, index) => part === other[index]))
      expect(shownId(a as never)).toBe(a)
      expect(Buffer.byteLength(a ?? '')).toBeLessThanOrEqual(maxIdBytes)
    }),
  )
})

test.each([
  ['', 'bob', 'a'],
  ['ada', 'x'.repeat(257), 'b'],
  ['ada', '\ud800', 'b'],
  [7 as unknown as string, 'bob', 'a'],
])('two that cannot be users have no conversation: %j and %j', (a, b, field) => {
  expect(thrownBy(() => publicId(a, b))).toMatchObject({ code: 'INVALID_ARGUMENT', details: { field } })
})

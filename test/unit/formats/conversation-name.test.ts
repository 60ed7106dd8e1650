import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ByteReader, ByteWriter } from '../../../src/formats/bytes.js'
import { readName, writeName } from '../../../src/formats/conversation-name.js'
import { directConversationId } from '../../../src/model/direct-conversation-id.js'
import { ids } from './arbitraries.js'

/** Of the form of direct ids, and nearly so. */
const digests = fc
  .tuple(fc.constantFrom('d.', 'd', 'e.'), fc.uint8Array({ minLength: 20, maxLength: 22 }))
  .map(([prefix, bytes]) => prefix + Buffer.from(bytes).toString('base64url'))

function encoded(names: readonly string[]): Buffer {
  const writer = new ByteWriter(8)
  for (const name of names) writeName(writer, name)
  return writer.finish()
}

test('names that were written are read again, one behind the other', () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(ids, digests)), (names) => {
      const reader = new ByteReader(encoded(names))
      expect(names.map(() => readName(reader))).toEqual(names)
      expect(reader.left).toBe(0)
    }),
  )
})

test('the id of a direct conversation takes 22 bytes', () => {
  expect(encoded([directConversationId('ann', 'bob')])).toHaveLength(22)
})

test('a name that ends too early is refused', () => {
  const bytes = encoded([directConversationId('ann', 'bob')])
  for (let end = 0; end < bytes.length; end++)
    expect(() => readName(new ByteReader(bytes, 0, end))).toThrow('read')
})

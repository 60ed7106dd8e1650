import fc from 'fast-check'
import { expect, test } from 'vitest'
import { idHash, idHashOfBody, idHashOfSender } from '../../../src/formats/id-hash.js'
import { bodyRoom, writeBody } from '../../../src/formats/message-body.js'
import type { MessageDraft } from '../../../src/model/message.js'
import { ids } from './arbitraries.js'

test.each([
  [0, 'a', 'b', 550254084],
  [1, 'a', 'b', 1711529099],
  [0xffffffff, 'alice', '01J9Z3', 2159979937],
  [7, '', '', 3298314396],
])('the value for %j, %j, %j stays: it is stored', (seed, sender, id, hash) => {
  expect(idHash(seed, sender, id)).toBe(hash)
})

test('an unsigned number of 32 bits that knows where the sender ends', () => {
  fc.assert(
    fc.property(fc.nat(2 ** 32 - 1), ids, ids, (seed, sender, id) => {
      const hash = idHash(seed, sender, id)
      expect(Number.isInteger(hash) && hash >= 0 && hash < 2 ** 32).toBe(true)
      expect(idHash(seed, sender, id)).toBe(hash)
    }),
  )
  expect(idHash(1, 'ab', 'c')).not.toBe(idHash(1, 'a', 'bc'))
  expect(idHash(1, 'a', 'b')).not.toBe(idHash(2, 'a', 'b'))
})

test('ids that differ little meet no more often than chance', () => {
  const seen = new Set<number>()
  for (let i = 0; i < 20_000; i++) seen.add(idHash(5, 'alice', `m${i}`))
  expect(seen.size).toBeGreaterThan(19_990)
})

test('the hash that is made from a body, with what the messages of a sender share, is the same', () => {
  fc.assert(
    fc.property(fc.nat(2 ** 32 - 1), ids, ids, (seed, sender, id) => {
      const draft = { sender, id, text: 'text', sentAt: 1 } as MessageDraft
      const bytes = Buffer.alloc(1 + bodyRoom(draft))
      const end = writeBody(draft, bytes, 1)
      const hash = idHashOfBody(idHashOfSender(seed, sender), bytes, 1, end)
      expect(hash).toBe(idHash(seed, sender, id))
    }),
  )
})

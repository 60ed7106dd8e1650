import fc from 'fast-check'
import { expect, test } from 'vitest'
import { BlockWriter, blockPeekBytes, peekBlock, readBlock } from '../../../src/formats/block.js'
import { ByteWriter } from '../../../src/formats/bytes.js'
import { checksum } from '../../../src/formats/checksum.js'
import { directConversationId } from '../../../src/model/direct-conversation-id.js'
import { ids, numbers } from './arbitraries.js'
import { damaged, refusesOrReads } from './damaged-bytes.js'

const blocks = fc.record({
  conversation: ids,
  firstSeq: numbers,
  n0Before: numbers,
  senders: fc.array(ids, { minLength: 1, maxLength: 4 }),
  joined: fc.array(fc.integer({ min: 1, max: 300 }), { maxLength: 3 }),
  messages: fc.array(
    fc.record({
      position: fc.integer({ min: 1, max: 1000 }),
      time: fc.nat(1000),
      author: fc.nat(3),
      body: fc.uint8Array({ maxLength: 30 }),
    }),
    { maxLength: 20 },
  ),
})
type Content = typeof blocks extends fc.Arbitrary<infer T> ? T : never
const writer = new BlockWriter()

/** First seqs of what was joined, from the steps between them. */
function joinedOf({ firstSeq, joined }: Content): number[] {
  let last = firstSeq
  return joined.map((step) => (last += step))
}

function write(content: Content): Buffer {
  const { conversation, firstSeq, n0Before, senders, messages } = content
  let position = 0
  let timestamp = 0
  for (const { position: step, time, author, body } of messages) {
    position += step
    timestamp += time
    const padded = Buffer.concat([Buffer.of(9), body, Buffer.of(9)])
    writer.add(position, timestamp, author % senders.length, padded, 1, 1 + body.length)
  }
  return writer.finish(conversation, firstSeq, n0Before, senders, joinedOf(content))
}

test('a block that was written is read again', () => {
  fc.assert(
    fc.property(blocks, (content) => {
      const block = write(content)
      const { head, entries } = readBlock(block)
      const { conversation, firstSeq, n0Before, senders, messages } = content
      const joined = joinedOf(content)
      expect(head).toEqual({ conversation, firstSeq, n0Before, senders, joined, count: messages.length })
      expect(peekBlock(block.subarray(0, blockPeekBytes), 0)).toEqual({
        length: block.length,
        conversation,
        firstSeq,
      })
      let position = 0
      let timestamp = 0
      messages.forEach((message, i) => {
        const { start, end, ...entry } = entries[i]!
        position += message.position
        timestamp += message.time
        expect(entry).toEqual({
          seq: firstSeq + i,
          position,
          timestamp,
          author: message.author % senders.length,
        })
        expect([...block.subarray(start, end)]).toEqual([...message.body])
      })
    }),
  )
})

test('a block of a direct conversation says whose it is by its participants', () => {
  fc.assert(
    fc.property(ids, ids, numbers, (one, other, firstSeq) => {
      const pair = one === other ? [one] : [one, other]
      writer.add(1, 1, 0, Buffer.of(1), 0, 1)
      const block = writer.finish(null, firstSeq, 0, pair)
      const conversation = directConversationId(one, other)
      expect(readBlock(block).head.conversation).toBe(conversation)
      expect(peekBlock(block.subarray(0, blockPeekBytes), 0)).toMatchObject({ conversation, firstSeq })
    }),
  )
})

test('what looks like the beginning of a block of three in a direct conversation is none', () => {
  const bytes = new ByteWriter().u32(100_000).u32(0).string('').varint(1).varint(0).varint(3)
  for (const id of ['a', 'b', 'c']) bytes.string(id)
  expect(() => peekBlock(bytes.finish(), 0)).toThrow('too many participants')
  // It took as many names as it was told to, from whatever followed.
  const many = new ByteWriter()
    .u32(100_000)
    .u32(0)
    .string('')
    .varint(1)
    .varint(0)
    .varint(2 ** 40)
  const began = performance.now()
  const zeroes = Buffer.concat([many.finish(), Buffer.alloc(4 * 1024 * 1024)])
  for (let i = 0; i < 100; i++) expect(() => peekBlock(zeroes, 0)).toThrow('too many participants')
  expect(performance.now() - began).toBeLessThan(1000)
})

test('of two senders each message has a bit, of one it has none', () => {
  const length = (senders: readonly string[], messages: number): number => {
    for (let i = 0; i < messages; i++) writer.add(i, 0, i % senders.length, Buffer.of(1), 0, 1)
    return writer.finish('c', 1, 0, senders).length
  }
  for (const messages of [0, 1, 8, 9, 16, 17]) {
    const alone = length(['a'], messages)
    expect(length(['a', 'b'], messages)).toBe(alone + 2 + Math.ceil(messages / 8))
    expect(length(['a', 'b', 'c'], messages)).toBe(alone + 4 + messages)
  }
})

test('every flipped bit of a block is refused', () => {
  const block = write({
    conversation: 'a group',
    firstSeq: 300,
    n0Before: 0,
    senders: ['ann', 'bob', 'Zoë'],
    joined: [2, 200],
    messages: Array.from({ length: 5 }, (_, i) => {
      return { position: 1 + i * 100, time: i * 50, author: i, body: Buffer.alloc(3 * i, i) }
    }),
  })
  readBlock(block)
  for (let bit = 0; bit < block.length * 8; bit++) {
    block[bit >> 3]! ^= 1 << (bit & 7)
    expect(() => readBlock(block), `bit ${bit}`).toThrow('checksum')
    block[bit >> 3]! ^= 1 << (bit & 7)
  }
})

test('a flipped bit of any block is refused', () => {
  fc.assert(
    fc.property(blocks, fc.nat(), (content, bit) => {
      const block = write(content)
      const at = bit % (block.length * 8)
      block[at >> 3]! ^= 1 << (at & 7)
      expect(() => readBlock(block)).toThrow('checksum')
    }),
  )
})

test('bytes with a fitting checksum that are no block are refused and nothing else', () => {
  const content = damaged(blocks.map((block) => write(block).subarray(8)))
  fc.assert(
    fc.property(content, (bytes) => {
      const head = Buffer.alloc(8)
      head.writeUInt32LE(bytes.length + 8)
      head.writeUInt32LE(checksum(bytes), 4)
      refusesOrReads(() => readBlock(Buffer.concat([head, bytes])))
    }),
  )
  refusesOrReads(() => readBlock(Buffer.alloc(0)))
})

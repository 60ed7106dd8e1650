import { expect, test } from 'vitest'
import { BlockWriter, readBlock } from '../../../src/formats/block.js'
import { addDoubtfulBlock } from '../../../src/local/repair/block-facts.js'
import { Facts, type MessageFact } from '../../../src/local/repair/facts.js'
import { MemoryRows } from '../../fixtures/memory-rows.js'

const body = Buffer.from([0, 1, 0x69, 0x64, 0x61])

/** How many of a message with this number and time, that may be none, are taken beside one with number 5 of time 100. */
async function taken(seq: number, timestamp: number): Promise<number> {
  const facts = new Facts(new MemoryRows())
  const known: MessageFact = { seq: 5, position: 50, timestamp: 100, sender: 'ann', n0: null, body }
  facts.addMessage('group', known)
  await facts.settle()
  const writer = new BlockWriter()
  writer.add(10 * seq, timestamp, 0, body, 0, body.length)
  const bytes = writer.finish('group', seq, 0, ['mallory', 'ann'])
  return addDoubtfulBlock(facts, { bytes, ...readBlock(bytes), isInPlace: false }, 200)
}

test('what may be no message is not later than the next one, or than anything that is known', async () => {
  expect([await taken(4, 100), await taken(4, 101)]).toEqual([1, 0])
  expect([await taken(6, 200), await taken(6, 201)]).toEqual([1, 0])
  expect(await taken(5, 100)).toBe(0)
})

import { readFile, unlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { bodyFileName } from '../../../src/formats/body-file.js'
import { checksum } from '../../../src/formats/checksum.js'
import { encodeRecord } from '../../../src/formats/records.js'
import { rows } from '../../../src/formats/rows.js'
import { Facts, type ConversationFact } from '../../../src/local/repair/facts.js'
import { lostBody } from '../../../src/local/repair/lost-body.js'
import { directRecord, groupRecord } from '../../../src/local/repair/message-records.js'
import { addRecord } from '../../../src/local/repair/record-facts.js'
import { directConversationId } from '../../../src/model/direct-conversation-id.js'
import { MemoryRows } from '../../fixtures/memory-rows.js'
import { temporaryDirectory } from '../../fixtures/temporary-directory.js'
import { openSample } from '../verify/sample-store.js'
import { inKey, ShardEdit } from '../verify/shard-edit.js'
import { isLost, messagesOf, repair, seenIn } from './damaged-store.js'

const annBen = directConversationId('ann', 'ben')

/** What is JSON no more, though it is as long. */
function spoilAttributes(bytes: Buffer): void {
  bytes.write('{"color":red}}', bytes.indexOf('{"color":"red"}'))
}

/** An id that is longer than all that its message has. */
function spoilId(bytes: Buffer): void {
  bytes[bytes.indexOf('my id') - 1] = 0xff
}

/** A store, closed, in which the third of five messages is spoilt in a block whose checksum fits, both direct and in a group. */
async function spoilt(spoil: (bytes: Buffer) => void): Promise<string> {
  const location = await temporaryDirectory()
  const store = await openSample(location)
  await store.groups.create({ id: 'group', creator: 'ann', members: ['ben', 'cem'] })
  for (const to of [{ receiver: 'ben' }, { conversationId: 'group' }])
    for (let seq = 1; seq <= 5; seq++) {
      const sender = seq === 3 || !('receiver' in to) ? 'ben' : 'ann'
      const whom = sender === 'ben' && 'receiver' in to ? { receiver: 'ann' } : to
      const special = seq === 3 ? { id: 'my id', attributes: { color: 'red' } } : {}
      await store.sendMessage({ sender, ...whom, text: `message ${seq}`, ...special })
    }
  await store.close()
  await ShardEdit.of(location, async (shards) => {
    for (const row of await shards.rows(({ family }) => family === 'runs')) {
      const { file, offset, length } = rows.run.decode(row.payload)
      const path = join(location, 'bodies', bodyFileName(file))
      const bytes = await readFile(path)
      const block = bytes.subarray(offset, offset + length)
      if (!block.includes('my id')) continue
      spoil(block)
      block.writeUInt32LE(checksum(block.subarray(8)), 4)
      await writeFile(path, bytes)
    }
  })
  return location
}

test.each([
  ['attributes that are no JSON', spoilAttributes],
  ['an id that is longer than its body', spoilId],
])('%s in a block whose checksum fits cost that message', async (_, spoil) => {
  const location = await spoilt(spoil)
  const report = await repair(location)
  expect(report.outcome).toBe('repaired')
  expect(report.lost.map(({ what }) => what)).toEqual(['lost messages', 'lost messages'])
  expect(report.lost.every(({ where }) => where.endsWith(', message 3'))).toBe(true)
  const seen = messagesOf(await seenIn(location))
  for (const conversation of [annBen, 'group'])
    for (let seq = 1; seq <= 5; seq++) {
      const message = seen.get(`${conversation} ${seq}`)
      if (seq === 3) expect([isLost(message), message?.sender]).toEqual([true, 'ben'])
      else expect(message?.text).toBe(`message ${seq}`)
    }
})

test('a list row whose last message cannot be read says that it was there', async () => {
  const location = await temporaryDirectory()
  const store = await openSample(location)
  await store.sendMessage({ sender: 'ann', receiver: 'ben', text: 'x', attributes: { color: 'red' } })
  // Until the log does not have it any more.
  for (let i = 0; i < 60; i++)
    await store.sendMessage({ sender: 'cem', receiver: 'dan', text: 'y'.repeat(500) })
  await store.close()
  let file = 0
  await ShardEdit.of(location, async (shards) => {
    for (const row of await shards.rows(
      ({ family, key }) => family === 'list' && key.includes(inKey(annBen)),
    )) {
      spoilAttributes(row.payload)
      await shards.put(row, row.payload)
    }
    const [run] = await shards.rows(({ family, key }) => family === 'runs' && key.includes(inKey(annBen)))
    file = rows.run.decode(run?.payload as Buffer).file
    await shards.compact()
  })
  await unlink(join(location, 'bodies', bodyFileName(file)))
  const report = await repair(location)
  const lost = report.lost.filter(({ where }) => where.includes(annBen))
  expect(lost.map(({ what }) => what)).toEqual(['lost messages'])
  expect(isLost(messagesOf(await seenIn(location)).get(`${annBen} 1`))).toBe(true)
})

/** What a record of the log says. */
async function factsOf(record: Buffer): Promise<ConversationFact['kind'][]> {
  const facts = new Facts(new MemoryRows())
  addRecord(facts, record, 0, record.length, 7)
  const kinds: ConversationFact['kind'][] = []
  for await (const { facts: found } of facts.conversations())
    for await (const { kind } of found) kinds.push(kind)
  return kinds
}

test('a record of the log with such a message says that it was there, one with such a profile nothing', async () => {
  const head = { timestamp: 1, bits: 0, seq: 1, count: 1 }
  const body = lostBody('ann', 1)
  for (const [isWhole, bytes] of [
    [true, body],
    [false, body.subarray(0, 5)],
  ] as const) {
    const image = { conversation: annBen, previous: 0 }
    const direct = await factsOf(directRecord({ ...head, ids: ['ann', 'ben'] }, image, bytes))
    expect(direct).toEqual(['pair', 'blocks', isWhole ? 'message' : 'anchor'])
    const group = await factsOf(groupRecord({ ...head, ids: ['group', 'ann'] }, null, bytes))
    expect(group).toEqual([isWhole ? 'message' : 'anchor'])
  }
  const user = { kind: 'user', time: 1, user: 'ann', name: 'Ann' } as const
  expect(await factsOf(encodeRecord({ ...user, profile: '{}' }))).toEqual([])
  await expect(factsOf(encodeRecord({ ...user, profile: '{"color":red}' }))).rejects.toThrow('JSON')
})

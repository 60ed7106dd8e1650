import { expect, test } from 'vitest'
import { temporaryDirectory } from '../../fixtures/temporary-directory.js'
import { openLocalStore } from '../../fixtures/local-store.js'
import { openSample } from '../../fault/verify/sample-store.js'

/** Ids of the greatest length, in and beside the name space in which derived ids are kept. */
const ids = [
  `~.${'x'.repeat(254)}`,
  `~~.${'x'.repeat(253)}`,
  `~~.${'x'.repeat(252)}`,
  `~~~.${'x'.repeat(252)}`,
  `~.${'ä'.repeat(127)}`,
  `~${'x'.repeat(255)}`,
  `${'~'.repeat(255)}.`,
  '~.short',
]

test('ids of 256 bytes are kept as they are given, whatever they begin with, also after a flush', async () => {
  const location = await temporaryDirectory()
  let store = await openSample(location)
  const group = await store.groups.create({ creator: 'ann', members: ['ben'] })
  const targets = [{ receiver: 'ben' }, { conversationId: group.id }]
  const receipts = []
  for (const target of targets)
    for (const id of ids) receipts.push(await store.sendMessage({ sender: 'ann', ...target, text: id, id }))
  expect(receipts.map(({ messageId, seq, duplicate }) => [messageId, seq, duplicate])).toEqual(
    [...ids, ...ids].map((id, at) => [id, (at % ids.length) + 1, false]),
  )
  for (let opening = 0; opening < 2; opening++) {
    const again = []
    for (const target of targets)
      for (const id of ids) again.push(await store.sendMessage({ sender: 'ann', ...target, text: id, id }))
    expect(again).toEqual(receipts.map((receipt) => ({ ...receipt, duplicate: true })))
    for (const conversation of [{ peer: 'ann' }, group.id]) {
      const { items } = await store.getMessages('ben', conversation, { after: 0 })
      expect(items.map(({ id }) => id)).toEqual(ids)
    }
    expect((await store.admin.verify()).findings).toEqual([])
    await store.close()
    store = await openSample(location)
  }
  await store.close()
})

test('a message of which all is as long as may be fits into the room that is made for it', async () => {
  // The room ends where the record has to: it is larger than a piece of the log's memory.
  const store = await openLocalStore(await temporaryDirectory(), {
    local: { tuning: { chunkBytes: 16 * 1024 } },
  })
  const [sender, receiver, id, deviceId] = ['s', 'r', 'i', 'd'].map((letter) => letter.repeat(256)) as [
    string,
    string,
    string,
    string,
  ]
  const draft = { id, deviceId, timestamp: 2 ** 50, text: '\u20ac'.repeat(6000), attributes: ['\u20ac'] }
  await store.groups.create({ id: 'group', creator: sender, members: [receiver] })
  for (const target of [{ receiver }, { conversationId: 'group' }])
    expect(await store.sendMessage({ sender, ...target, ...draft })).toMatchObject({ seq: 1 })
  expect((await store.admin.verify()).findings).toEqual([])
})

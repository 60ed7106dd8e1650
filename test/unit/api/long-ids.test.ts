import { expect, test } from 'vitest'
import { temporaryDirectory } from '../../fixtures/temporary-directory.js'
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

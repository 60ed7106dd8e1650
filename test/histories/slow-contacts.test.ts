import { expect, test } from 'vitest'
import type { CheckedStore } from '../../src/model-checking/store-under-test.js'
import { openGate } from '../fixtures/gated-shards.js'
import { openGated } from './gated-store.js'

// A contact's alias and its block are one entry, which two lanes change. What the one writes while the other reads the
// shards must not be taken back; flushed, it is in no live generation any more when the reader goes on.
test.each(['live', 'flushed'])(
  'an alias that is set while a block reads its contact stays: %s',
  async (how) => {
    const contact = await contactAround('block', async (store) => {
      await store.contacts.add('a', 'friend', { alias: 'new' })
      if (how === 'flushed') await store.admin.checkpoint()
    })
    expect(contact).toEqual({ contactId: 'friend', alias: 'new', blocked: true })
  },
)

test.each(['live', 'flushed'])(
  'a block that is set while an alias reads its contact stays: %s',
  async (how) => {
    const contact = await contactAround('alias', async (store) => {
      await store.contacts.block('a', 'friend')
      if (how === 'flushed') await store.admin.checkpoint()
    })
    expect(contact).toEqual({ contactId: 'friend', alias: 'slow', blocked: true })
  },
)

/** The contact after a change whose last read of it hangs behind the gate, and what is done meanwhile. */
async function contactAround(
  slow: 'block' | 'alias',
  meanwhile: (store: CheckedStore) => Promise<unknown>,
): Promise<unknown> {
  const gate = openGate()
  const store = await openGated(gate, {}, async (first) => {
    await first.contacts.add('a', 'friend', { alias: 'old' })
  })
  // An alias is read twice: to see whether it changes anything, and to keep the block beside it.
  let reads = slow === 'alias' ? 2 : 1
  let open = (): void => undefined
  const read = new Promise<void>((resolve) => {
    gate.onRead = () => {
      if (--reads > 0) return
      gate.through = new Promise((pass) => {
        open = pass
      })
      gate.at = 'nothing'
      resolve()
    }
  })
  gate.at = { key: Buffer.from('\u0007friend') }
  const changing =
    slow === 'block'
      ? store.contacts.block('a', 'friend')
      : store.contacts.add('a', 'friend', { alias: 'slow' })
  await read
  await meanwhile(store)
  open()
  await changing
  return (await store.contacts.list('a')).items[0]
}

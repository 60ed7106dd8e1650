import { unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { ManualClock } from '../../../src/model-checking/manual-clock.js'
import type { MessageStore } from '../../../src/api/message-store.js'
import { makeSample, openSample } from '../verify/sample-store.js'
import { ShardEdit } from '../verify/shard-edit.js'
import { killed, repair } from './damaged-store.js'

const hour = 3_600_000

/** What takes a time and is no message. */
const last: Readonly<Record<string, (store: MessageStore) => Promise<unknown>>> = {
  'the making of a group': (store) => store.groups.create({ id: 'young', creator: 'ann', members: ['ben'] }),
  'a joining': (store) => store.groups.addMembers('ann', 'small', ['eva']),
  'a mark': (store) => store.markRead('ann', 'large'),
  'a block': (store) => store.contacts.block('ann', 'ben'),
  'a profile': (store) => store.users.register({ id: 'ben', name: 'Ben' }),
}

/** Damage behind which the store cannot be opened, so that its log is read; and such that verify finds. */
const damages: Readonly<Record<string, (location: string) => Promise<unknown>>> = {
  'a shard cannot be opened': (location) => unlink(join(location, 'shards', '0000', 'CURRENT')),
  'a row is gone': (location) =>
    ShardEdit.of(location, async (shards) => shards.del(await shards.row('head', 'large'))),
}

describe.each(Object.keys(damages))(
  'behind the repair of a store that was not closed, of which %s',
  (damage) => {
    test.each(Object.keys(last))('time does not go back behind %s', async (what) => {
      const sample = await makeSample()
      const clock = new ManualClock()
      clock.jump(hour)
      const store = await openSample(sample, clock)
      await last[what]?.(store)
      const location = await killed(store, sample)
      await damages[damage]?.(location)
      expect((await repair(location)).outcome).toBe('repaired')
      // An hour back.
      const again = await openSample(location, new ManualClock())
      const sent = await again.sendMessage({ sender: 'cem', receiver: 'ann', text: 'later' })
      expect(sent.timestamp).toBeGreaterThanOrEqual(clock.now())
      await again.close()
    })
  },
)

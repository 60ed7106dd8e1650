import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { chatCommands } from '../../../src/model-checking/chat-commands.js'
import { dumpStore } from '../../../src/model-checking/dump-store.js'
import { ManualClock } from '../../../src/model-checking/manual-clock.js'
import { runChat } from '../../../src/model-checking/run-chat.js'
import type { CheckedStore } from '../../../src/model-checking/store-under-test.js'
import { temporaryDirectory } from '../../fixtures/temporary-directory.js'
import { holds, verdict } from '../../property/verdict.js'
import { openSample } from '../verify/sample-store.js'
import { ShardEdit } from '../verify/shard-edit.js'
import { repair } from './damaged-store.js'

/** One copy of each membership stays, and all that is no row of messages; the feed in half of the runs. */
const derived = ['head', 'list', 'runs', 'changes', 'own', 'roll', 'member']

test('after any chat, a store that lost all its derived rows is repaired to what it was', async () => {
  const property = fc.asyncProperty(
    chatCommands(fc, { maxCommands: 60 }),
    fc.boolean(),
    async (commands, withFeed) => {
      const location = await temporaryDirectory()
      const clock = new ManualClock()
      const open = (): Promise<CheckedStore> => openSample(location, clock)
      const reopen = async (store: CheckedStore): Promise<CheckedStore> => {
        await store.close()
        return open()
      }
      const model = await runChat(fc, { clock, open, reopen }, commands)
      const users = [...new Set(model.talks.flatMap(({ members }) => [...members.keys()]))].sort()
      const seen = async (): Promise<unknown> => {
        const store = await openSample(location, clock)
        try {
          expect((await store.admin.verify()).findings).toEqual([])
          return await dumpStore(store, users)
        } finally {
          await store.close()
        }
      }
      const before = await seen()
      const gone = await ShardEdit.of(location, async (shards) => {
        const rows = await shards.rows(
          ({ family }) => derived.includes(family) && !(withFeed && family === 'changes'),
        )
        for (const row of rows) await shards.del(row)
        await shards.compact()
        return rows.length
      })
      const report = await repair(location)
      expect(report).toMatchObject({ lost: [], outcome: gone > 0 ? 'repaired' : 'whole' })
      expect(await seen()).toEqual(before)
    },
  )
  expect(
    await verdict(fc.check(property, { numRuns: 10, endOnFailure: true, interruptAfterTimeLimit: 40_000 })),
  ).toBe(holds)
})

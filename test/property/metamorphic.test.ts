import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { chatCommands } from '../../src/model-checking/chat-commands.js'
import { dumpOf, ways } from './metamorphic.js'
import { holds, verdict } from './verdict.js'

describe('the same operations give equal answers', () => {
  test('with any number of shards, any cache, any threshold for large groups, and with reopening anywhere', async () => {
    const property = fc.asyncProperty(chatCommands(fc, { maxCommands: 40 }), async (commands) => {
      const chosen = [...commands]
      const dumps: unknown[] = []
      for (const way of ways) dumps.push(await dumpOf(way, chosen))
      for (const [index, dump] of dumps.entries()) {
        const { name } = ways[index] ?? { name: '' }
        expect({ name, dump }).toEqual({ name, dump: dumps[0] })
      }
    })
    expect(await verdict(fc.check(property, { numRuns: 4, interruptAfterTimeLimit: 45_000 }))).toBe(holds)
  })

  test('also when the clock goes back behind a change that shows no time', async () => {
    const times: number[] = []
    for (const way of ways) {
      const under = way.open()
      const store = await under.open()
      await store.contacts.add('a', 'b', { alias: 'Bob' })
      under.clock.jump(-1)
      await store.admin.checkpoint()
      times.push((await store.sendMessage({ sender: 'a', receiver: 'b', text: '', id: '1' })).timestamp)
      await store.close()
      await under.destroy?.()
    }
    expect(new Set(times).size).toBe(1)
  })
})

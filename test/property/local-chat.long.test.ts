import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { chatCommands } from '../../src/model-checking/chat-commands.js'
import { runChat } from '../../src/model-checking/run-chat.js'
import { dumpOf, ways } from './metamorphic.js'
import { tiny, underLocal } from './stores.js'
import { holds, verdict } from './verdict.js'

const variants = [
  { name: 'as it comes', variant: {} },
  { name: 'with everything small', variant: tiny },
  { name: 'with registered users and everything small', variant: { ...tiny, usersMode: 'registered' } },
  { name: 'without a cache', variant: { settings: { cacheBytes: 0, shards: 1 } } },
] as const

describe('many chats over the local backend', () => {
  test.each(variants)('$name', async ({ variant }) => {
    const commands = chatCommands(fc, { users: 7, maxCommands: 120 })
    const property = fc.asyncProperty(commands, async (chosen) => {
      const under = underLocal(variant)
      try {
        await runChat(fc, under, chosen)
      } finally {
        await under.destroy()
      }
    })
    const run = fc.check(property, { numRuns: 400, interruptAfterTimeLimit: 4 * 60_000 })
    expect(await verdict(run)).toBe(holds)
  })

  test('the same operations give equal answers in all ways', async () => {
    const property = fc.asyncProperty(chatCommands(fc, { users: 5, maxCommands: 80 }), async (commands) => {
      const chosen = [...commands]
      const dumps: unknown[] = []
      for (const way of ways) dumps.push(await dumpOf(way, chosen))
      for (const dump of dumps) expect(dump).toEqual(dumps[0])
    })
    const run = fc.check(property, { numRuns: 60, interruptAfterTimeLimit: 4 * 60_000 })
    expect(await verdict(run)).toBe(holds)
  })
})

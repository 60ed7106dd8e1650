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
})

import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { chatCommands } from '../../src/model-checking/chat-commands.js'
import { runChat } from '../../src/model-checking/run-chat.js'
import { tiny, underLocal } from './stores.js'
import type { LocalVariant } from './stores.js'
import { holds, verdict } from './verdict.js'

interface Row {
  readonly name: string
  readonly variant: LocalVariant
  readonly numRuns: number
}

const rows: readonly Row[] = [
  { name: 'as it comes', variant: {}, numRuns: 15 },
  { name: 'with everything small', variant: tiny, numRuns: 25 },
  { name: 'without a cache', variant: { settings: { cacheBytes: 0, shards: 1 } }, numRuns: 10 },
  { name: 'with registered users only', variant: { usersMode: 'registered' }, numRuns: 10 },
  {
    name: 'with registered users and everything small',
    variant: { ...tiny, usersMode: 'registered' },
    numRuns: 15,
  },
  { name: 'with large groups only', variant: { tuning: { fanOut: 1 } }, numRuns: 10 },
]

describe('a chat over the local backend agrees with the reference model after every step', () => {
  test.each(rows)('$name', async ({ variant, numRuns }) => {
    const commands = chatCommands(fc, { maxCommands: 50 })
    const property = fc.asyncProperty(commands, async (chosen) => {
      const under = underLocal(variant)
      try {
        await runChat(fc, under, chosen)
      } finally {
        await under.destroy()
      }
    })
    expect(await verdict(fc.check(property, { numRuns, interruptAfterTimeLimit: 45_000 }))).toBe(holds)
  })
})

import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { chatCommands } from '../../src/model-checking/chat-commands.js'
import type { ChatCommandsOptions } from '../../src/model-checking/chat-commands.js'
import { runChat } from '../../src/model-checking/run-chat.js'
import type { StoreUnderTest } from '../../src/model-checking/store-under-test.js'
import { underEventual, underReference } from './stores.js'
import { holds, verdict } from './verdict.js'

interface Row {
  readonly name: string
  readonly under: (seed: number) => StoreUnderTest
  readonly options: ChatCommandsOptions
  readonly numRuns: number
}

const rows: readonly Row[] = [
  {
    name: 'the reference backend',
    under: () => underReference(),
    options: { maxCommands: 60 },
    numRuns: 100,
  },
  {
    name: 'the eventual backend',
    under: (seed) => underEventual(seed),
    options: { maxCommands: 60 },
    numRuns: 60,
  },
  {
    name: 'the eventual backend, with registered users only',
    under: (seed) => underEventual(seed, 'registered'),
    options: { maxCommands: 60 },
    numRuns: 30,
  },
  {
    name: 'two users who meet all the time',
    under: () => underReference(),
    options: { users: 2, maxCommands: 60 },
    numRuns: 50,
  },
]

describe('a chat agrees with the reference model after every step', () => {
  test.each(rows)('$name', async ({ under, options, numRuns }) => {
    const property = fc.asyncProperty(fc.nat(), chatCommands(fc, options), async (seed, commands) => {
      await runChat(fc, under(seed), commands)
    })
    expect(await verdict(fc.check(property, { numRuns }))).toBe(holds)
  })
})

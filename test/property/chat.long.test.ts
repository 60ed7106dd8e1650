import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { chatCommands } from '../../src/model-checking/chat-commands.js'
import { runChat } from '../../src/model-checking/run-chat.js'
import { underEventual, underReference } from './stores.js'
import { holds, verdict } from './verdict.js'

const backends = [
  { name: 'the reference backend', under: () => underReference(), numRuns: 400 },
  { name: 'the eventual backend', under: (seed: number) => underEventual(seed), numRuns: 200 },
  {
    name: 'the eventual backend, with registered users only',
    under: (seed: number) => underEventual(seed, 'registered'),
    numRuns: 100,
  },
] as const

describe.each(backends)(
  'a long chat over $name agrees with the reference model after every step',
  (backend) => {
    test.each([2, 5, 9])('%d users', async (users) => {
      const commands = chatCommands(fc, { users, maxCommands: 200 })
      const property = fc.asyncProperty(fc.nat(), commands, async (seed, chosen) => {
        await runChat(fc, backend.under(seed), chosen)
      })
      expect(await verdict(fc.check(property, { numRuns: backend.numRuns }))).toBe(holds)
    })
  },
)

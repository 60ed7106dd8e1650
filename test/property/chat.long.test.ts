import fc from 'fast-check'
import { describe, test } from 'vitest'
import { chatCommands } from '../../src/model-checking/chat-commands.js'
import { runChat } from '../../src/model-checking/run-chat.js'
import { underEventual, underReference } from './stores.js'

describe('a long chat agrees with the reference model after every step', () => {
  test.each([2, 5, 9])('%d users over the reference backend', async (users) => {
    await fc.assert(
      fc.asyncProperty(chatCommands(fc, { users, maxCommands: 200 }), async (commands) => {
        await runChat(fc, underReference(), commands)
      }),
      { numRuns: 400 },
    )
  })

  test.each([2, 5, 9])('%d users over the eventual backend', async (users) => {
    await fc.assert(
      fc.asyncProperty(fc.nat(), chatCommands(fc, { users, maxCommands: 200 }), async (seed, commands) => {
        await runChat(fc, underEventual(seed), commands)
      }),
      { numRuns: 200 },
    )
  })
})

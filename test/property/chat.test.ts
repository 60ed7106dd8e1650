import fc from 'fast-check'
import { describe, test } from 'vitest'
import { chatCommands } from '../../src/model-checking/chat-commands.js'
import { runChat } from '../../src/model-checking/run-chat.js'
import { underEventual, underReference } from './stores.js'

describe('a chat agrees with the reference model after every step', () => {
  test('over the reference backend', async () => {
    await fc.assert(
      fc.asyncProperty(chatCommands(fc, { maxCommands: 60 }), async (commands) => {
        await runChat(fc, underReference(), commands)
      }),
      { numRuns: 100 },
    )
  })

  test('over the eventual backend', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(), chatCommands(fc, { maxCommands: 60 }), async (seed, commands) => {
        await runChat(fc, underEventual(seed), commands)
      }),
      { numRuns: 60 },
    )
  })

  test('with two users, who meet all the time', async () => {
    await fc.assert(
      fc.asyncProperty(chatCommands(fc, { users: 2, maxCommands: 60 }), async (commands) => {
        await runChat(fc, underReference(), commands)
      }),
      { numRuns: 50 },
    )
  })
})

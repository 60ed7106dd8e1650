import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import type { MessageStore } from '../../../src/api/message-store.js'
import { chatCommands } from '../../../src/model-checking/chat-commands.js'
import { runChat } from '../../../src/model-checking/run-chat.js'
import type { CheckedStore } from '../../../src/model-checking/store-under-test.js'
import { tiny, underLocal } from '../../property/stores.js'
import { holds, verdict } from '../../property/verdict.js'

test.each([
  ['with everything small', tiny],
  ['with large groups only', { ...tiny, tuning: { ...tiny.tuning, fanOut: 1 } }],
])('after any chat, verify finds nothing: %s', async (_name, variant) => {
  const property = fc.asyncProperty(chatCommands(fc, { maxCommands: 60 }), async (commands) => {
    const under = underLocal(variant)
    try {
      let opened: MessageStore | undefined
      const open = async (): Promise<MessageStore> => (opened = (await under.open()) as MessageStore)
      const reopen = async (store: CheckedStore): Promise<MessageStore> => {
        await store.close()
        return open()
      }
      await runChat(fc, { ...under, open, reopen }, commands, async () => {
        const report = await opened?.admin.verify()
        expect(report?.findings.map(({ what, where }) => `${what}: ${where}`)).toEqual([])
      })
    } finally {
      await under.destroy()
    }
  })
  expect(
    await verdict(fc.check(property, { numRuns: 12, endOnFailure: true, interruptAfterTimeLimit: 40_000 })),
  ).toBe(holds)
})

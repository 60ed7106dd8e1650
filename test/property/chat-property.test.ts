import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { EventualBackend } from '../../src/backend/reference/eventual-backend.js'
import { ReferenceBackend } from '../../src/backend/reference/reference-backend.js'
import { storeOver } from '../../src/conformance/store-over.js'
import { chatCommands } from '../../src/model-checking/chat-commands.js'
import { chatProperty } from '../../src/model-checking/chat-property.js'
import { show } from '../../src/model-checking/compare.js'
import { runChat } from '../../src/model-checking/run-chat.js'
import { underReference } from './stores.js'
import { holds, verdict } from './verdict.js'

test.each([1, 16])('a chat of %i users is a property of a sound store', async (users) => {
  const disposed: number[] = []
  const property = chatProperty(
    fc,
    (clock) => async () => ({
      ...(await storeOver(async () => {
        const backend = new EventualBackend({ clock })
        return { backend, settle: () => backend.settle() }
      })()),
      dispose: async () => void disposed.push(users),
    }),
    { users, maxCommands: 20 },
  )
  expect(await verdict(fc.check(property, { numRuns: 10 }))).toBe(holds)
  expect(disposed).toHaveLength(10)
})

test.each([0, -1, 2.5, 17, NaN])('%d users are none', (users) => {
  expect(() => chatCommands(fc, { users })).toThrow(
    RangeError(`users: ${users} is no whole number from 1 to 16`),
  )
})

test('a backend with a clock of its own is told to look at it', async () => {
  const property = chatProperty(fc, () => storeOver(async () => ({ backend: new ReferenceBackend() })))
  const found = await fc.check(property, { endOnFailure: true })
  expect(String(found.errorInstance)).toMatch(
    /a time of the store .*goes by the clock of the test: does it\?/,
  )
})

test('what was found counts more than a failure to close', async () => {
  const under = underReference()
  const open = async () =>
    Object.assign(await under.open(), { close: () => Promise.reject(new Error('cannot close')) })
  const lookAt = (inspect: () => Promise<void>) => runChat(fc, { ...under, open }, [], inspect)
  await expect(lookAt(() => Promise.reject(new Error('the finding')))).rejects.toThrow('the finding')
  await expect(lookAt(async () => undefined)).rejects.toThrow('cannot close')
})

test('what is missing is shown as missing', () => {
  expect(show({ title: undefined, name: 'undefined' })).toBe('{"name":"undefined"}')
  expect(show(undefined)).toBe('undefined')
})

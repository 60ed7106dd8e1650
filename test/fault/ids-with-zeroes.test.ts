import { expect, test } from 'vitest'
import { openCrashStore, variantNamed } from '../crash/crash-store.js'
import { temporaryDirectory } from '../fixtures/temporary-directory.js'

const variant = variantNamed('as it comes')

// Joined with a zero in between, both pairs would be the same.
const pairs = [
  ['a', 'b\0c'],
  ['a\0b', 'c'],
] as const

test('contacts and marks of one generation are told apart, whatever characters ids have', async () => {
  const location = await temporaryDirectory()
  const first = await openCrashStore({ location, variant })
  for (const [user, other] of pairs) {
    await first.groups.create({ id: other, creator: user, members: ['reader'] })
    await first.sendMessage({ sender: 'reader', conversationId: other, text: 'hello' })
  }
  await first.admin.checkpoint()
  for (const [user, other] of pairs) {
    await first.contacts.add(user, other, { alias: `${user} knows` })
    await first.markRead(user, other)
  }
  await first.close()
  const store = await openCrashStore({ location, variant })
  for (const [user, other] of pairs) {
    const { items } = await store.contacts.list(user)
    expect(items).toEqual([{ contactId: other, alias: `${user} knows`, blocked: false }])
    expect(await store.getConversation(user, other)).toMatchObject({ readSeq: 1, unread: 0 })
  }
  expect((await store.admin.verify()).findings).toEqual([])
  await store.close()
})

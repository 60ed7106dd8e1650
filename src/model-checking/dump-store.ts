import type { CheckedStore } from './store-under-test.js'
import { everyPage } from './check-user.js'
import { given } from './world.js'

/**
 * Everything that these users can see, as plain data that is equal for two stores that went through the same calls, but for ids
 * that the stores made themselves.
 */
export async function dumpStore(store: CheckedStore, users: readonly string[]): Promise<unknown> {
  const seen: unknown[] = []
  for (const user of users) {
    const list = await everyPage('the list', (cursor) =>
      store.getConversations(user, given({ limit: 7, cursor })),
    )
    const conversations: unknown[] = []
    for (const conversation of list) {
      const { id, left } = conversation
      const messages = await everyPage('the messages', (cursor) =>
        store.getMessages(user, id, given({ limit: 7, cursor })),
      )
      const receipts = left ? [] : await store.getReceipts(user, id)
      conversations.push({ conversation, messages, receipts })
    }
    const unread = await store.getUnread(user)
    const people = (blocked?: true): Promise<unknown[]> =>
      everyPage('the contacts', (cursor) => store.contacts.list(user, given({ limit: 7, cursor, blocked })))
    seen.push({ user, conversations, unread, contacts: await people(), blocked: await people(true) })
  }
  return structuredClone(seen)
}

import type { Page } from '../model/page.js'
import type { Contact } from '../model/user.js'
import { require, requireEqual, scribble, show } from './compare.js'
import { expectCall, refused } from './expectation.js'
import type { Talk } from './model-state.js'
import { isPresent } from './model-state.js'
import { conversationView, messageView, receiptsView, visible } from './model-views.js'
import type { ReferenceModel } from './reference-model.js'
import type { CheckedStore, Receipt } from './store-under-test.js'
import { given } from './world.js'

const everything = 1000

/**
 * Everything that one user sees, held against the model: the list and slices of it, each conversation's row, its
 * messages and receipts, the unread total, the contacts, whom the user has blocked; and that the user sees nothing of other
 * conversations. The answers are scribbled over afterwards.
 */
export async function checkUser(store: CheckedStore, model: ReferenceModel, user: string): Promise<void> {
  const who = `user ${JSON.stringify(user)}`
  const expected = model.list(user)
  const rows = expected.map((talk) => conversationView(talk, user))
  const list = await store.getConversations(user, { limit: everything })
  requireEqual(list, { items: rows, next: null }, `the list of ${who}`)
  const total = await store.getUnread(user)
  requireEqual(total, model.unread(user), `the unread total of ${who}`)
  scribble(list)
  scribble(total)

  const slice = await store.getConversations(user, { start: 1, limit: 2 })
  requireEqual(slice.items, rows.slice(1, 3), `the slice from 1 of the list of ${who}`)
  const unreadRows = rows.filter(({ unread }) => unread > 0)
  const unread = await store.getConversations(user, { unreadOnly: true, limit: everything })
  requireEqual(unread.items, unreadRows, `the unread list of ${who}`)

  for (const talk of expected) await checkConversation(store, talk, user)
  for (const talk of model.talks) {
    if (talk.members.has(user)) continue
    const what = `getMessages of ${who} in ${JSON.stringify(talk.id)}`
    await expectCall(what, refused('NOT_A_MEMBER'), () => store.getMessages(user, talk.id))
  }
  await checkContacts(store, model, user)
}

async function checkConversation(store: CheckedStore, talk: Talk, user: string): Promise<void> {
  const where = `for ${JSON.stringify(user)} in ${JSON.stringify(talk.id)}`
  const row = await store.getConversation(user, talk.id)
  requireEqual(row, conversationView(talk, user), `getConversation ${where}`)

  const messages = visible(talk, user).map((message) => messageView(talk, message))
  const page = await store.getMessages(user, talk.id, { limit: everything })
  requireEqual(page, { items: messages.toReversed(), next: null }, `all messages ${where}`)
  scribble(page)
  const newest = await store.getMessages(user, talk.id, { limit: 3 })
  requireEqual(newest.items, messages.slice(-3).reverse(), `the newest page ${where}`)
  require((newest.next === null) === messages.length <= 3, `next of the newest page ${where}`, newest.next)

  if (!isPresent(talk, user)) return
  const receipts = await store.getReceipts(user, talk.id)
  requireEqual(sortReceipts(receipts), sortReceipts(receiptsView(talk)), `the receipts ${where}`)
  scribble(receipts)
}

function sortReceipts(receipts: readonly Receipt[]): Receipt[] {
  return receipts.toSorted((one, other) => (one.userId < other.userId ? -1 : 1))
}

async function checkContacts(store: CheckedStore, model: ReferenceModel, user: string): Promise<void> {
  const shapeOf = ([contactId, { alias, blocked }]: ReturnType<ReferenceModel['contacts']>[number]) => ({
    contactId,
    alias,
    blocked,
  })
  const entries = model.contacts(user)
  const listed = entries.filter(([, entry]) => entry.listed).map(shapeOf)
  requireEqual(await everyContact(store, user), listed, `the contacts of ${JSON.stringify(user)}`)
  const blocked = entries.filter(([, entry]) => entry.blocked).map(shapeOf)
  requireEqual(
    await everyContact(store, user, true),
    blocked,
    `whom ${JSON.stringify(user)} has blocked, as a list`,
  )
}

/** All contacts of a user, or all whom the user has blocked, in small pages. */
export function everyContact(store: CheckedStore, user: string, blocked?: true): Promise<Contact[]> {
  return everyPage(`the contacts of ${JSON.stringify(user)}`, (cursor) =>
    store.contacts.list(user, given({ limit: 2, cursor, blocked })),
  )
}

/** Walks pages to the end; a walk that does not end is a finding. */
export async function everyPage<T>(
  what: string,
  read: (cursor: string | undefined) => Promise<Page<T>>,
): Promise<T[]> {
  const items: T[] = []
  let cursor: string | undefined
  for (let pages = 0; pages < everything; pages++) {
    const page = await read(cursor)
    items.push(...page.items)
    if (page.next === null) return items
    cursor = page.next
  }
  require(false, `${what} never end`, show(items.length))
}

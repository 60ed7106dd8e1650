import type { MessageStore, Unread } from '../../../src/api/message-store.js'
import { isColumbaError } from '../../../src/errors.js'
import { directConversationId } from '../../../src/index.js'
import type { Conversation } from '../../../src/model/conversation.js'
import type { Message } from '../../../src/model/message.js'
import type { Page } from '../../../src/model/page.js'
import { crashUsers } from '../crash-world.js'
import type { History } from './history.js'

/** All that one user sees. */
export interface UserView {
  readonly list: readonly Conversation[]
  readonly unread: Unread
  /** By conversation, ascending; of all conversations that anybody ever tried to write to. */
  readonly messages: ReadonlyMap<string, readonly Message[]>
}

export type Views = ReadonlyMap<string, UserView>

export async function readViews(store: MessageStore, history: History): Promise<Views> {
  const views = new Map<string, UserView>()
  for (const user of crashUsers) {
    const list = await pages((cursor) =>
      store.getConversations(user, cursor === null ? { limit: 9 } : { limit: 9, cursor }),
    )
    const messages = new Map<string, readonly Message[]>()
    for (const other of crashUsers) {
      const id = directConversationId(user, other)
      messages.set(id, await ascending(store, user, { peer: other }))
    }
    for (const [id, { state }] of history.groups) {
      if (state !== 'there') continue
      messages.set(
        id,
        history.memberships.everIn(id, user) ? await ascending(store, user, id) : await none(store, user, id),
      )
    }
    views.set(user, { list, unread: await store.getUnread(user), messages })
  }
  return views
}

function ascending(store: MessageStore, user: string, target: string | { peer: string }): Promise<Message[]> {
  return pages((cursor) =>
    store.getMessages(user, target, cursor === null ? { after: 0, limit: 500 } : { limit: 500, cursor }),
  )
}

/** Who was never a member may not even know that the group is there. */
async function none(store: MessageStore, user: string, id: string): Promise<readonly Message[]> {
  try {
    return (await store.getMessages(user, id)).items
  } catch (error) {
    if (isColumbaError(error, 'NOT_A_MEMBER')) return []
    throw error
  }
}

async function pages<T>(read: (cursor: string | null) => Promise<Page<T>>): Promise<T[]> {
  const items: T[] = []
  let cursor: string | null = null
  do {
    const page: Page<T> = await read(cursor)
    items.push(...page.items)
    // An ascending page always has a next one: it goes on into what is new.
    cursor = page.items.length === 0 ? null : page.next
  } while (cursor !== null)
  return items
}

import type { MessageStore } from '../../../src/api/message-store.js'
import { directConversationId } from '../../../src/index.js'
import { crashUsers } from '../crash-world.js'
import type { StoreCheck } from './check-store.js'

interface Follower {
  token: string
  /** Highest message that the feed has told of, by conversation. */
  readonly heads: Map<string, number>
  readonly reads: Map<string, number>
}

/** A client per user that follows the feed by its token through all crashes. */
export class FeedFollowers {
  readonly followers = new Map<string, Follower>()

  /** In the empty store. */
  static async start(store: MessageStore): Promise<FeedFollowers> {
    const feeds = new FeedFollowers()
    for (const user of crashUsers) {
      const { token } = await store.getChanges(user)
      feeds.followers.set(user, { token, heads: new Map(), reads: new Map() })
    }
    return feeds
  }
}

/** What is new in the feeds is exactly what is new in the conversations: nothing missed, nothing twice. */
export async function checkFeeds({ store, feeds, history, wrong }: StoreCheck): Promise<void> {
  for (const [user, follower] of feeds.followers) {
    let hasMore = true
    while (hasMore) {
      const page = await store.getChanges(user, { since: follower.token, limit: 200 })
      for (const change of page.changes) {
        if (change.kind === 'message') {
          const { conversationId, seq } = change.message
          const before = follower.heads.get(conversationId) ?? 0
          if (seq <= before)
            wrong(`the feed of ${user} tells of message ${seq} of ${conversationId} after ${before}`)
          if (!history.groups.has(conversationId) && seq !== before + 1)
            wrong(`the feed of ${user} goes from ${before} to ${seq} in ${conversationId}`)
          follower.heads.set(conversationId, seq)
        } else if (change.kind === 'read' && change.userId === user) {
          follower.reads.set(change.conversationId, change.seq)
        }
      }
      follower.token = page.token
      hasMore = page.hasMore
    }
    await compare({ store, history, wrong }, user, follower)
  }
}

async function compare(
  { store, history, wrong }: Pick<StoreCheck, 'store' | 'history' | 'wrong'>,
  user: string,
  { heads, reads }: Follower,
): Promise<void> {
  const direct = new Set(crashUsers.map((other) => directConversationId(user, other)))
  const { items } = await store.getConversations(user, { limit: 1000 })
  for (const { id, lastMessage, readSeq, left } of items) {
    const told = heads.get(id) ?? 0
    if (told !== (lastMessage?.seq ?? 0))
      wrong(`the feed of ${user} ends at ${told} in ${id}, the list at ${lastMessage?.seq}`)
    const read = reads.get(id) ?? 0
    if (!left && read !== readSeq && (direct.has(id) || history.memberships.joinedOnce(id, user)))
      wrong(`the feed of ${user} has read ${read} in ${id}, the list ${readSeq}`)
  }
}

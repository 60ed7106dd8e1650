/**
 * One page of several. `next` goes back in as `cursor` for the page behind it; null says that there is none, and is refused as a
 * cursor. It goes with the same `since` and `unreadOnly`, without `start`, `offset`, `before`, `after` and `around`, which it carries,
 * and with any `limit`. A page may be short, even empty, and have a `next` all the same, so a loop looks at `next` alone:
 *
 * ```ts
 * let cursor: string | undefined
 * do {
 *   const page = await store.getConversations(userId, { cursor })
 *   // …
 *   cursor = page.next ?? undefined
 * } while (cursor !== undefined)
 * ```
 */
export interface Page<T> {
  readonly items: readonly T[]
  readonly next: string | null
}

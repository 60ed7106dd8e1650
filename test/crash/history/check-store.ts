import type { MessageStore } from '../../../src/api/message-store.js'
import { SeededChance } from '../../../src/backend/reference/seeded-chance.js'
import { checkConversations } from './check-conversations.js'
import { checkFeeds } from './check-feeds.js'
import type { FeedFollowers } from './check-feeds.js'
import { checkRetries } from './check-retries.js'
import { checkSettings } from './check-settings.js'
import type { History } from './history.js'
import { readViews } from './views.js'

/** What a check of a store needs, and collects. */
export interface StoreCheck {
  readonly store: MessageStore
  readonly history: History
  readonly feeds: FeedFollowers
  readonly chance: SeededChance
  readonly wrong: (what: string) => void
}

/**
 * Holds a store that was just opened against all that the world outside knows of it: invariants I1 to I14 of the
 * reference. What was unknown is settled by it, once and for all: a later check finds what this one found.
 */
export async function checkStore(
  store: MessageStore,
  history: History,
  feeds: FeedFollowers,
  seed: number,
): Promise<void> {
  const violations = history.violations.splice(0)
  const check: StoreCheck = {
    store,
    history,
    feeds,
    chance: new SeededChance(seed),
    wrong: (what) => violations.push(what),
  }
  await checkSettings(check)
  checkConversations(check, await readViews(store, history))
  await checkFeeds(check)
  await checkRetries(check)
  // The retries have added messages, and asked for the old ones: all of it has to fit still.
  checkConversations(check, await readViews(store, history))
  await checkFeeds(check)
  const report = await store.admin.verify()
  if (!report.ok) violations.push(`verify: ${JSON.stringify(report.findings.slice(0, 5))}`)
  if (violations.length > 0) {
    const shown = violations.slice(0, 12).map((violation) => `  - ${violation}`)
    throw new Error(`${violations.length} violations in cycle ${history.cycle}:\n${shown.join('\n')}`)
  }
}

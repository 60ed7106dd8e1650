import type { MessageStore } from '../../../src/api/message-store.js'
import { crashUsers } from '../crash-world.js'
import { FeedFollowers } from './check-feeds.js'
import type { History } from './history.js'

/** Registers everybody in an empty store, and tells the history so; returns those who follow the feeds from now on. */
export async function beginHistory(store: MessageStore, history: History): Promise<FeedFollowers> {
  for (const user of crashUsers) {
    for (const other of crashUsers) history.registers.settle(JSON.stringify(['block', user, other]), false)
    await store.users.register({ id: user, name: user })
    history.registers.settle(`profile ${user}`, user)
  }
  return FeedFollowers.start(store)
}

import type { CachedUser, ConversationEntry } from './entries.js'
import type { Memory } from './memory.js'

/** Ends a hold that the caller has counted in `entry.holds`. `soon`: as `Memory.release` says. */
export function endHold(memory: Memory, entry: ConversationEntry, soon = false): void {
  entry.holds--
  memory.release(entry, soon)
}

/** The conversation stays in memory until the work is done. */
export function whileHeld<T>(memory: Memory, entry: ConversationEntry, work: Promise<T>): Promise<T> {
  entry.holds++
  return work.finally(() => endHold(memory, entry))
}

/** The same of a user. */
export async function whilePinned<T>(user: CachedUser, work: Promise<T>): Promise<T> {
  user.pins++
  try {
    return await work
  } finally {
    user.pins--
  }
}

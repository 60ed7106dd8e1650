import type { ConversationEntry } from './entries.js'

/** Bytes of V8's heap, measured as those in memory.ts. Of a `group` its maps alone, empty, are 180 each. */
const costs = { conversation: 480, group: 700, member: 200, author: 40 } as const

/**
 * The account of what conversations take in memory as objects, with the members of groups and a last message that is short;
 * what is known of their keys and other messages is in other accounts. Those that live generations know are in one of their
 * own: they stay, whatever the cache may hold, and nothing can be let go of in their place.
 */
export class ConversationCosts {
  cached = 0
  live = 0

  /** It has come into memory; no generation knows it. */
  begin(entry: ConversationEntry): void {
    this.#put(entry, costOf(entry))
  }

  /** A group's members in memory are others, or more, or the last message is another one. */
  changed(entry: ConversationEntry): void {
    if (entry.inMemory) this.#put(entry, costOf(entry))
  }

  /** The first live generation knows of it; called after that. */
  becameLive({ cost }: ConversationEntry): void {
    this.cached -= cost
    this.live += cost
  }

  /** The last one has been dropped. */
  settled({ cost }: ConversationEntry): void {
    this.live -= cost
    this.cached += cost
  }

  /** It leaves memory, so no generation knows it. */
  end(entry: ConversationEntry): void {
    this.#put(entry, 0)
  }

  #put(entry: ConversationEntry, cost: number): void {
    const more = cost - entry.cost
    if (entry.live > 0) this.live += more
    else this.cached += more
    entry.cost = cost
  }
}

function costOf({ groupPart, shortBytes }: ConversationEntry): number {
  const bytes = costs.conversation + shortBytes
  if (groupPart === null) return bytes
  return bytes + costs.group + groupPart.memberships * costs.member + groupPart.ordinals.size * costs.author
}

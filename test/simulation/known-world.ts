import { directConversationId } from '../../src/model/direct-conversation-id.js'
import { claim } from './finding.js'
import { KnownTalk } from './known-talk.js'

export const users: readonly string[] = ['a', 'a\0', 'ab', '__proto__', '👩‍👧']

/** What is known of everything. */
export class KnownWorld {
  readonly talks = new Map<string, KnownTalk>()
  /** Which values a block may have, at each change: the last one is now. */
  readonly #blocks = new Map<string, ReadonlySet<boolean>[]>()
  readonly busyBlocks = new Set<string>()

  direct(one: string, other: string): KnownTalk {
    const pair: [string, string] = one < other ? [one, other] : [other, one]
    const name = JSON.stringify(pair)
    let talk = this.talks.get(name)
    if (talk === undefined) {
      talk = new KnownTalk(name, pair, [...new Set(pair)])
      this.talks.set(name, talk)
    }
    return talk
  }

  get groups(): KnownTalk[] {
    return [...this.talks.values()].filter(({ direct }) => direct === null)
  }

  /** Also of a direct conversation of which no call has said the id yet. */
  byId(id: string): KnownTalk | undefined {
    for (const talk of this.talks.values()) if (idOf(talk) === id) return talk
    return undefined
  }

  blocks(blocker: string, blocked: string): ReadonlySet<boolean>[] {
    const key = JSON.stringify([blocker, blocked])
    let values = this.#blocks.get(key)
    if (values === undefined) this.#blocks.set(key, (values = [new Set([false])]))
    return values
  }

  /** Every value that the block may have had since the moment `from`, an index of `blocks`. */
  blockedSince(blocker: string, blocked: string, from: number): ReadonlySet<boolean> {
    return new Set(
      this.blocks(blocker, blocked)
        .slice(from)
        .flatMap((values) => [...values]),
    )
  }

  forgetBlocks(): void {
    for (const values of this.#blocks.values()) values.push(new Set([true, false]))
    this.busyBlocks.clear()
  }

  /** The talk of a conversation that a user's list shows. */
  listed(id: string, peer: string | undefined, user: string): KnownTalk {
    const talk = peer === undefined ? this.talks.get(id) : this.direct(user, peer)
    claim(talk !== undefined, 'I20 a conversation that nobody began', id)
    return talk
  }
}

function idOf({ id, direct }: KnownTalk): string {
  return id === '' && direct !== null ? directConversationId(...direct) : id
}

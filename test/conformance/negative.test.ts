import { describe, expect, test, vi } from 'vitest'
import { MOVED } from '../../src/backend/port.js'
import type { ConversationChange, ConversationHandle, RecentOptions } from '../../src/backend/port.js'
import { EventualBackend } from '../../src/backend/reference/eventual-backend.js'
import { EventualCluster } from '../../src/backend/reference/eventual-cluster.js'
import { ReferenceBackend } from '../../src/backend/reference/reference-backend.js'
import { backendConformance } from '../../src/conformance/backend-conformance.js'
import type { OpenBackend } from '../../src/conformance/opened-backend.js'
import type { StoreCase } from '../../src/conformance/store-case.js'
import { storeConformance } from '../../src/conformance/store-conformance.js'
import { storeOver } from '../../src/conformance/store-over.js'
import type { Interval } from '../../src/model/conversation.js'
import { ColumbaError } from '../../src/errors.js'
import type { MessageId, Position, UserId } from '../../src/model/ids.js'
import type { MessageDraft } from '../../src/model/message.js'
import { systemClock } from '../../src/platform/clock.js'

type Handle = ReturnType<ReferenceBackend['direct']>
type Range = Parameters<ReferenceBackend['messages']>[1]

/** Backends that break one promise each; the suite is worth what it catches. */
const broken = {
  'makes a new list each time': class extends ReferenceBackend {
    override recent(user: UserId, options: RecentOptions) {
      return { ...super.recent(user, options) }
    }
  },
  'never says that there is more': class extends ReferenceBackend {
    override recent(user: UserId, options: RecentOptions) {
      return { ...super.recent(user, options), more: false }
    }
  },
  'makes a new participation each time': class extends ReferenceBackend {
    override participation(user: UserId, handle: Handle) {
      const found = super.participation(user, handle)
      return found === null ? null : { ...found }
    }
  },
  'forgets keys': class extends ReferenceBackend {
    override find() {
      return null
    }
  },
  'finds the keys of others': class extends ReferenceBackend {
    override find(handle: Handle, sender: UserId, id: Parameters<ReferenceBackend['find']>[2]) {
      return super.find(handle, sender, id) ?? super.find(handle, 'ada' as UserId, id)
    }
  },
  'knows the present place only': class extends ReferenceBackend {
    override stoodAt(user: UserId, handle: Handle) {
      return super.participation(user, handle)?.position ?? null
    }
  },
  'says the head of the answer': class extends ReferenceBackend {
    override async headAtCall(user: UserId, handle: Handle) {
      await systemClock.yield()
      return super.headAtCall(user, handle)
    }
  },
  'counts own messages as unread': class extends ReferenceBackend {
    override unread(user: UserId) {
      const { total, conversations } = super.unread(user)
      return { total: total + 1, conversations }
    }
  },
  'gives messages that can be changed': class extends ReferenceBackend {
    override messages(handle: Handle, range: Range) {
      return super.messages(handle, range).map((message) => ({ ...message }))
    }
  },
  'reads in one direction only': class extends ReferenceBackend {
    override messages(handle: Handle, range: Range) {
      return super.messages(handle, { ...range, descending: false })
    }
  },
  'never gives a hint': class extends ReferenceBackend {
    override watch() {
      return () => undefined
    }
  },
  'goes on giving hints': class extends ReferenceBackend {
    override watch(user: UserId, listener: () => void) {
      super.watch(user, listener)
      return () => undefined
    }
  },
  'leaves out a pointer at the end of a page': class extends ReferenceBackend {
    override changes(user: UserId, after: Position, limit: number) {
      const page = super.changes(user, after, limit)
      return page.more ? { ...page, refs: page.refs.slice(0, -1) } : page
    }
  },
  'repeats a pointer in the next page': class extends ReferenceBackend {
    override changes(user: UserId, after: Position, limit: number) {
      return super.changes(user, after > 3 ? ((after - 1) as Position) : after, limit)
    }
  },
  'takes tokens of any store': class extends ReferenceBackend {
    override positionOf(token: string) {
      return Number.parseInt(token.split('.')[2] ?? '0', 36) as Position
    }
  },
  'forgets who has left': class extends ReferenceBackend {
    override membership(user: UserId, handle: Handle) {
      const found = super.membership(user, handle)
      return found?.intervals.at(-1)?.to === null ? found : null
    }
  },
  'gives members by name': class extends ReferenceBackend {
    override members(handle: Handle, after: number, limit: number) {
      return super.members(handle, after, limit).toSorted((a, b) => (a.userId < b.userId ? -1 : 1))
    }
  },
  'orders contacts by UTF-16': class extends ReferenceBackend {
    override contacts(user: UserId, after: UserId | undefined, limit: number) {
      const all = super.contacts(user, undefined, 10_000)
      const sorted = all.toSorted((a, b) => (a.contactId < b.contactId ? -1 : 1))
      return sorted.filter(({ contactId }) => after === undefined || contactId > after).slice(0, limit)
    }
  },
  'forgets blocked strangers': class extends ReferenceBackend {
    override contacts(user: UserId, after: UserId | undefined, limit: number) {
      return super.contacts(user, after, limit).filter(({ listed }) => listed)
    }
  },
  'says that the disk is full': class extends ReferenceBackend {
    override async stats() {
      return { ...(await super.stats()), writes: 'NO_SPACE' as const }
    }
  },
  'makes the same id twice': class extends ReferenceBackend {
    override readonly newMessageId = () => 'id' as ReturnType<ReferenceBackend['newMessageId']>
  },
  'cannot be closed': class extends ReferenceBackend {
    override async close() {
      await super.checkpoint()
    }
  },
}

/** The case that says what is wrong with it; others may find something as well. */
const caughtBy: Readonly<Record<keyof typeof broken, string>> = {
  'makes a new list each time': 'an answer is the same object until something changes',
  'never says that there is more': 'the list is read in parts',
  'makes a new participation each time': 'an answer is the same object until something changes',
  'forgets keys': 'a message is found by its key, which is conversation, sender and id',
  'finds the keys of others': 'a message is found by its key, which is conversation, sender and id',
  'knows the present place only': 'where a conversation stood can be asked later',
  'says the head of the answer': 'the head at the call does not count what comes before the answer',
  'counts own messages as unread': 'unread is the sum over all conversations',
  'gives messages that can be changed': 'all that was given with a message comes back, and nothing else',
  'reads in one direction only': 'a range of messages comes in either direction',
  'never gives a hint': 'a hint comes soon after there is something to see, until nobody wants it',
  'goes on giving hints': 'a hint comes soon after there is something to see, until nobody wants it',
  'leaves out a pointer at the end of a page': 'the feed reads the same in parts of any size',
  'repeats a pointer in the next page': 'the feed reads the same in parts of any size',
  'takes tokens of any store': 'a token is its position, in this store only',
  'forgets who has left': 'leaving freezes the conversation, and a second joining opens another part of it',
  'gives members by name': 'members come in the order of joining, page by page',
  'orders contacts by UTF-16': 'contacts come in the order of their bytes, page by page',
  'forgets blocked strangers': 'whom a user has blocked is among the contacts, listed or not',
  'says that the disk is full': 'numbers and checks of the store can be asked at any time',
  'makes the same id twice': 'an id that the store makes comes once, and sorts by its time',
  'cannot be closed': 'closing finishes what was handed over, and refuses what comes later',
}

test.each(Object.entries(broken))('a backend that %s is caught', async (what, Broken) => {
  const { run } = caseOf(caughtBy[what as keyof typeof broken])
  await expect(run(async () => ({ backend: new Broken() }))).rejects.toThrow()
})

/** Servers of one database. */
function onCluster(Broken: typeof EventualBackend, Crashed = Broken): OpenBackend {
  return async () => {
    const cluster = new EventualCluster()
    const backend = new Broken(cluster)
    return {
      backend,
      settle: () => backend.settle(),
      beside: async () => new Broken(cluster),
      crash: async () => new Crashed(cluster),
    }
  }
}

const alone =
  (Broken: typeof ReferenceBackend): OpenBackend =>
  async () => ({ backend: new Broken() })

class CommitsAnyway extends EventualBackend {
  override async commit(handle: ConversationHandle, _: number, change: ConversationChange) {
    for (;;) {
      const outcome = await super.commit(handle, handle.head, change)
      if (outcome !== MOVED) return outcome
      await this.load(handle, 'ada' as UserId)
    }
  }
}

class LooksAtTheHeadOnly extends EventualBackend {
  override async commit(handle: ConversationHandle, expectedHead: number, change: ConversationChange) {
    for (;;) {
      const outcome = await super.commit(handle, expectedHead, change)
      if (outcome !== MOVED) return outcome
      await this.load(handle, 'ada' as UserId)
      if (handle.head !== expectedHead) return MOVED
    }
  }
}

/** One that may keep its hints to itself. */
class Muted extends ReferenceBackend {
  #muted = 0

  override watch(user: UserId, listener: () => void) {
    return super.watch(user, () => {
      if (this.#muted === 0) listener()
    })
  }

  async mute<T>(write: () => Promise<T>): Promise<T> {
    this.#muted += 1
    try {
      return await write()
    } finally {
      this.#muted -= 1
    }
  }
}

/** Stale and lossy ones, each with the case that must refuse it and what that says. */
const refused: readonly (readonly [what: string, title: string, says: RegExp, open: OpenBackend])[] = [
  [
    'commits behind any head',
    'a write that was decided on another head stores nothing',
    /commit behind 0/,
    onCluster(CommitsAnyway),
  ],
  [
    'lets two servers make one group',
    'what was decided before another server wrote stores nothing, whatever it wrote',
    /bob makes one of that id/,
    onCluster(CommitsAnyway),
  ],
  [
    'looks only whether the head is the same',
    'what was decided before another server wrote stores nothing, whatever it wrote',
    /ada has left, and bob leaves/,
    onCluster(
      class extends LooksAtTheHeadOnly {
        override async commit(handle: ConversationHandle, expectedHead: number, change: ConversationChange) {
          return change.kind === 'create'
            ? EventualBackend.prototype.commit.call(this, handle, expectedHead, change)
            : super.commit(handle, expectedHead, change)
        }
      },
    ),
  ],
  [
    'forgets everything in a crash',
    'what has resolved is there after a crash, for everybody',
    /null|no part/,
    onCluster(
      EventualBackend,
      class extends EventualBackend {
        constructor() {
          super(new EventualCluster())
        }
      },
    ),
  ],
  [
    'loses one view in a crash',
    'of what was under way in a crash everybody has all or nothing, and a repeat stores it once',
    /one who joined has no view of the group/,
    onCluster(
      EventualBackend,
      class extends EventualBackend {
        override async participation(user: UserId, handle: ConversationHandle) {
          return user === 'dan' ? null : super.participation(user, handle)
        }
      },
    ),
  ],
  [
    'says that it refuses what it takes',
    'nothing is refused as long as writes are taken',
    /POISONED/,
    alone(
      class extends ReferenceBackend {
        override refusal() {
          return new ColumbaError('POISONED', 'it does not') as never
        }
      },
    ),
  ],
  [
    'keeps the membership that it has seen first',
    'who is in, and what is visible, is asked anew after each joining and leaving',
    /what membership says of one who has left/,
    alone(
      class extends ReferenceBackend {
        readonly #kept = new Map<string, ReturnType<ReferenceBackend['membership']>>()
        override membership(user: UserId, handle: Handle) {
          const key = `${user} in ${handle.id}`
          const found = this.#kept.get(key) ?? super.membership(user, handle)
          if (found !== null) this.#kept.set(key, found)
          return found
        }
      },
    ),
  ],
  [
    'keeps the intervals that it has seen first',
    'who is in, and what is visible, is asked anew after each joining and leaving',
    /what intervals says of one who has left/,
    alone(
      class extends ReferenceBackend {
        readonly #kept = new Map<string, readonly Interval[]>()
        override intervals(user: UserId, handle: Handle) {
          const key = `${user} in ${handle.id}`
          const found = this.#kept.get(key) ?? super.intervals(user, handle)
          if (found !== null) this.#kept.set(key, found)
          return found
        }
      },
    ),
  ],
  [
    'takes everybody who marks for one who is in',
    'who is in, and what is visible, is asked anew after each joining and leaving',
    /what standing says of one who has just joined/,
    alone(
      class extends ReferenceBackend {
        override standing(user: UserId, handle: Handle) {
          const found = super.standing(user, handle)
          return found === null ? null : { ...found, intervals: [{ from: 1, to: null }] }
        }
      },
    ),
  ],
  [
    'cuts long ids',
    'what is as large as it may be comes back whole',
    /ids that differ at their end/,
    alone(
      class extends ReferenceBackend {
        override find(handle: Handle, sender: UserId, id: MessageId) {
          return super.find(handle, sender, id.slice(0, 100) as MessageId)
        }
        override append(handle: Handle, head: number, draft: MessageDraft) {
          return super.append(handle, head, { ...draft, id: draft.id.slice(0, 100) as MessageId })
        }
      },
    ),
  ],
  [
    'cuts long texts',
    'what is as large as it may be comes back whole',
    /a text of 65536 bytes comes back with 10000/,
    alone(
      class extends ReferenceBackend {
        override append(handle: Handle, head: number, draft: MessageDraft) {
          return super.append(handle, head, { ...draft, text: draft.text.slice(0, 10_000) })
        }
      },
    ),
  ],
  [
    'keeps 48 bits of the time of a device',
    'what is as large as it may be comes back whole',
    /the device, or its time/,
    alone(
      class extends ReferenceBackend {
        override append(handle: Handle, head: number, draft: MessageDraft) {
          const sentAt = draft.sentAt === undefined ? undefined : draft.sentAt % 2 ** 48
          return super.append(handle, head, { ...draft, sentAt })
        }
      },
    ),
  ],
  [
    'finds long attributes in part',
    'what is as large as it may be comes back whole',
    /content that is found by its key is not whole/,
    alone(
      class extends ReferenceBackend {
        override find(handle: Handle, sender: UserId, id: MessageId) {
          const found = super.find(handle, sender, id)
          return found === null ? null : { ...found, attributes: found.attributes?.slice(0, 200) }
        }
      },
    ),
  ],
  [
    'forgets old keys',
    'keys are found however many there are',
    /the key of message 1 of 1100 is not found/,
    alone(
      class extends ReferenceBackend {
        override find(handle: Handle, sender: UserId, id: MessageId) {
          const found = super.find(handle, sender, id)
          return found !== null && handle.head - found.seq > 200 ? null : found
        }
      },
    ),
  ],
  [
    'gives no hint of groups',
    'each kind of change gives a hint',
    /a new group gave a hint/,
    alone(
      class extends Muted {
        override commit(handle: Handle, head: number, change: ConversationChange) {
          return this.mute(() => super.commit(handle, head, change))
        }
      },
    ),
  ],
  [
    'gives no hint of contacts',
    'each kind of change gives a hint',
    /a contact gave a hint/,
    alone(
      class extends Muted {
        override putContact(...args: Parameters<ReferenceBackend['putContact']>) {
          return this.mute(() => super.putContact(...args))
        }
      },
    ),
  ],
  [
    'gives no hint of profiles',
    'each kind of change gives a hint',
    /a profile gave a hint/,
    alone(
      class extends Muted {
        override putUser(...args: Parameters<ReferenceBackend['putUser']>) {
          return this.mute(() => super.putUser(...args))
        }
      },
    ),
  ],
  [
    'gives short pages of contacts',
    'long lists come in pages of 1,000, and go on behind them',
    /a page of contacts stops short/,
    alone(
      class extends ReferenceBackend {
        override contacts(user: UserId, after: UserId | undefined, limit: number) {
          return super.contacts(user, after, Math.min(limit, 100))
        }
      },
    ),
  ],
  [
    'gives short pages of members',
    'a group may grow large, and nobody can tell',
    /pages of 1,000 of 1,001 members/,
    alone(
      class extends ReferenceBackend {
        override members(handle: Handle, after: number, limit: number) {
          return super.members(handle, after, Math.min(limit, 500))
        }
      },
    ),
  ],
  [
    'ends long pages of the list early',
    'long lists come in pages of 1,000, and go on behind them',
    /a page of the list stops short/,
    alone(
      class extends ReferenceBackend {
        override recent(user: UserId, options: RecentOptions) {
          const page = super.recent(user, options)
          return options.limit > 500 && page.entries.length > 300
            ? { entries: page.entries.slice(0, 300), more: false }
            : page
        }
      },
    ),
  ],
  [
    'gives receipts of groups with a time of their own',
    'all that was given with a message comes back, and nothing else',
    /the receipt is not that of the message, group/,
    alone(
      class extends ReferenceBackend {
        override async append(handle: Handle, head: number, draft: MessageDraft) {
          const receipt = await super.append(handle, head, draft)
          return { ...receipt, timestamp: receipt.timestamp + (handle.kind === 'group' ? 7 : 0) }
        }
      },
    ),
  ],
]

test.each(refused)('a backend that %s is refused', async (_, title, says, open) => {
  const { run } = caseOf(title)
  await expect(run(open)).rejects.toThrow(says)
})

describe('what a case has found counts more than a failure to close', () => {
  class CannotClose extends ReferenceBackend {
    override async close() {
      throw new Error('cannot close')
    }
  }
  class WrongToo extends CannotClose {
    override unread() {
      return { total: -1, conversations: 0 }
    }
  }
  const opened = (Broken: typeof ReferenceBackend) => {
    const dispose = vi.fn<() => Promise<void>>(async () => undefined)
    return { open: async () => ({ backend: new Broken(), dispose }), dispose }
  }

  test('of a backend', async () => {
    const { run } = caseOf('unread is the sum over all conversations')
    const wrong = opened(WrongToo)
    await expect(run(wrong.open)).rejects.toThrow(/total: -1/)
    expect(wrong.dispose).toHaveBeenCalledOnce()
    await expect(run(opened(CannotClose).open)).rejects.toThrow('cannot close')
  })

  test('of a store', async () => {
    const title = 'unread counts what others wrote above the read position'
    const { run } = storeConformance.find((each) => each.title === title) as StoreCase
    const wrong = opened(WrongToo)
    await expect(run(storeOver(wrong.open))).rejects.toThrow(/total: -1/)
    expect(wrong.dispose).toHaveBeenCalledOnce()
    await expect(run(storeOver(opened(CannotClose).open))).rejects.toThrow('cannot close')
  })
})

function caseOf(title: string) {
  const found = backendConformance.find((each) => each.title === title)
  if (found === undefined) throw new Error(`there is no case with the title "${title}"`)
  return found
}

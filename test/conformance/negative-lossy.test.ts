import { expect, test } from 'vitest'
import { MOVED } from '../../src/backend/port.js'
import type { ConversationChange, ConversationHandle, RecentOptions } from '../../src/backend/port.js'
import { EventualBackend } from '../../src/backend/reference/eventual-backend.js'
import { EventualCluster } from '../../src/backend/reference/eventual-cluster.js'
import { ReferenceBackend } from '../../src/backend/reference/reference-backend.js'
import type { OpenBackend } from '../../src/conformance/opened-backend.js'
import type { Interval } from '../../src/model/conversation.js'
import { ColumbaError } from '../../src/errors.js'
import type { MessageId, UserId } from '../../src/model/ids.js'
import type { MessageDraft } from '../../src/model/message.js'
import { caseOf } from './case-of.js'

type Handle = ReturnType<ReferenceBackend['direct']>

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

import { expect, test } from 'vitest'
import { MOVED } from '../../src/backend/port.js'
import type { ConversationChange, ConversationHandle, RecentOptions } from '../../src/backend/port.js'
import { EventualBackend } from '../../src/backend/reference/eventual-backend.js'
import { EventualCluster } from '../../src/backend/reference/eventual-cluster.js'
import { ReferenceBackend } from '../../src/backend/reference/reference-backend.js'
import { backendConformance } from '../../src/conformance/backend-conformance.js'
import type { OpenBackend } from '../../src/conformance/opened-backend.js'
import type { Interval } from '../../src/model/conversation.js'
import { ColumbaError } from '../../src/errors.js'
import type { Position, UserId } from '../../src/model/ids.js'
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
  'makes the same id twice': class extends ReferenceBackend {
    override readonly newMessageId = () => 'id' as ReturnType<ReferenceBackend['newMessageId']>
  },
  'cannot be closed': class extends ReferenceBackend {
    override async close() {
      await super.checkpoint()
    }
  },
}

test.each(Object.entries(broken))('a backend that %s is caught', async (_, Broken) => {
  const caught: string[] = []
  for (const { title, run } of backendConformance) {
    await run(async () => ({ backend: new Broken() })).catch(() => caught.push(title))
  }
  expect(caught).not.toEqual([])
  expect(caught.length).toBeLessThan(backendConformance.length)
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
    'who is in, and what is visible, is asked anew behind each joining and leaving',
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
    'who is in, and what is visible, is asked anew behind each joining and leaving',
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
    'who is in, and what is visible, is asked anew behind each joining and leaving',
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
]

test.each(refused)('a backend that %s is refused', async (_, title, says, open) => {
  const { run } = caseOf(title)
  await expect(run(open)).rejects.toThrow(says)
})

function caseOf(title: string) {
  const found = backendConformance.find((each) => each.title === title)
  if (found === undefined) throw new Error(`there is no case with the title "${title}"`)
  return found
}

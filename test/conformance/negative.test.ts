import { expect, test } from 'vitest'
import type { RecentOptions } from '../../src/backend/port.js'
import { ReferenceBackend } from '../../src/backend/reference/reference-backend.js'
import { backendConformance } from '../../src/conformance/backend-conformance.js'
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

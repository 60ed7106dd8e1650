import { describe, expect, test, vi } from 'vitest'
import type { RecentOptions } from '../../src/backend/port.js'
import { ReferenceBackend } from '../../src/backend/reference/reference-backend.js'
import type { StoreCase } from '../../src/conformance/store-case.js'
import { storeConformance } from '../../src/conformance/store-conformance.js'
import { storeOver } from '../../src/conformance/store-over.js'
import type { Position, UserId } from '../../src/model/ids.js'
import { systemClock } from '../../src/platform/clock.js'
import { caseOf } from './case-of.js'

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

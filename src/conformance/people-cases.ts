import { deepStrictEqual as same, ok, strictEqual as is } from 'node:assert/strict'
import type { UserId } from '../model/ids.js'
import { backendCase } from './backend-case.js'

const ada = 'ada' as UserId
const bob = 'bob' as UserId

/** In the order of their UTF-8 bytes, which is not that of their UTF-16 units. */
const inOrder = ['A', 'B\0', 'B\0a', 'Ba', '__proto__x', 'a', 'é', '\uffff', '\u{10000}'] as UserId[]

export const peopleCases = [
  backendCase('a user is what was put last', async ({ backend }) => {
    is(await backend.user(ada), null)
    await backend.putUser({ id: ada, name: 'Ada' })
    const first = await backend.user(ada)
    same(first?.user, { id: 'ada', name: 'Ada' })
    await backend.putUser({ id: ada, name: 'Ada L.', profile: { born: 1815, tags: ['x'] } })
    const second = await backend.user(ada)
    same(second?.user, { id: 'ada', name: 'Ada L.', profile: { born: 1815, tags: ['x'] } })
    ok(first !== null && second !== null && second.position > first.position)
    is(await backend.user(bob), null)
  }),

  backendCase('contacts come in the order of their bytes, page by page', async ({ backend }) => {
    for (const other of inOrder.toReversed()) {
      await backend.putContact(ada, other, { listed: true, alias: other === 'a' ? 'An alias' : undefined })
    }
    const all = await backend.contacts(ada, undefined, 100)
    same(
      all.map(({ contactId }) => contactId),
      inOrder,
    )
    const walked = []
    for (let after: UserId | undefined; ;) {
      const [next, none] = await backend.contacts(ada, after, 1)
      is(none, undefined)
      if (next === undefined) break
      walked.push(next)
      after = next.contactId
    }
    same(walked, all)
    is((await backend.contact(ada, 'a' as UserId))?.alias, 'An alias')
    is(await backend.contact('a' as UserId, ada), null)
    same(await backend.contacts(bob, undefined, 100), [])
  }),

  backendCase('alias and block of a contact do not touch each other', async (bench) => {
    const { backend } = bench
    const handle = await bench.direct('ada', 'bob')
    await bench.change(handle, { kind: 'block', blocker: ada, blocked: true })
    same(pick(await backend.contact(ada, bob)), [false, undefined, true])
    await backend.putContact(ada, bob, { listed: true, alias: 'B.' })
    same(pick(await backend.contact(ada, bob)), [true, 'B.', true])
    await bench.change(handle, { kind: 'block', blocker: ada, blocked: false })
    same(pick(await backend.contact(ada, bob)), [true, 'B.', false])
    await backend.putContact(ada, bob, { listed: false, alias: undefined })
    same(pick(await backend.contact(ada, bob)), [false, undefined, false])
    is(await backend.contact(bob, ada), null)
  }),

  backendCase('whom a user has blocked is among the contacts, listed or not', async (bench) => {
    const { backend } = bench
    const block = async (other: string, blocked: boolean): Promise<void> => {
      await bench.change(await bench.direct('ada', other), { kind: 'block', blocker: ada, blocked })
    }
    await block('spam', true)
    await block('bob', true)
    await backend.putContact(ada, bob, { listed: true, alias: undefined })
    const entries = async (): Promise<unknown> =>
      (await bench.backend.contacts(ada, undefined, 10)).map((entry) => [
        entry.contactId,
        ...(pick(entry) ?? []),
      ])
    const both = [
      ['bob', true, undefined, true],
      ['spam', false, undefined, true],
    ]
    same(await entries(), both)
    if (await bench.reopen()) same(await entries(), both)
  }),

  backendCase(
    'a block shows at the handle, for the blocked one only, and begins no conversation',
    async (bench) => {
      const handle = await bench.direct('ada', 'bob')
      same([handle.isBlocked(ada), handle.isBlocked(bob)], [false, false])
      await bench.change(handle, { kind: 'block', blocker: ada, blocked: true })
      same([handle.isBlocked(ada), handle.isBlocked(bob)], [false, true])
      is(handle.head, 0)
      same(await bench.list('bob'), [])
      await bench.change(handle, { kind: 'block', blocker: bob, blocked: true })
      await bench.change(handle, { kind: 'block', blocker: ada, blocked: false })
      same([handle.isBlocked(ada), handle.isBlocked(bob)], [true, false])
    },
  ),
]

function pick(entry: { listed: boolean; alias: string | undefined; blocked: boolean } | null) {
  return entry === null ? null : [entry.listed, entry.alias, entry.blocked]
}

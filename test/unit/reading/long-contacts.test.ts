import { expect, test } from 'vitest'
import { openMessageStore, type MessageStore } from '../../../src/index.js'
import { temporaryDirectory } from '../../fixtures/temporary-directory.js'

async function pages(store: MessageStore, limit: number): Promise<string[]> {
  const seen: string[] = []
  for (let cursor: string | undefined, more = true; more;) {
    const page = await store.contacts.list('ada', { limit, ...(cursor === undefined ? {} : { cursor }) })
    seen.push(...page.items.map(({ contactId }) => contactId))
    cursor = page.next ?? undefined
    more = cursor !== undefined
  }
  return seen
}

test('contacts come once and in order, wherever they lie, also those that come while pages are read', async () => {
  const store = await openMessageStore({ location: await temporaryDirectory(), durability: 'os' })
  try {
    const names = Array.from(
      { length: 40 },
      (_, n) => `${n % 3 === 0 ? '\u{1f600}' : '\uffff'}${(n * 7) % 40}`,
    )
    const listed = new Set<string>()
    for (const [n, name] of names.entries()) {
      await store.contacts[n % 4 === 0 ? 'block' : 'add']('ada', name)
      if (n % 4 !== 0) listed.add(name)
      if (n === 15) await store.admin.checkpoint()
      // Taken off again behind the flush, or beside it.
      if (n % 5 === 0 && n > 0) {
        await store.contacts.remove('ada', names[n - 4] as string)
        listed.delete(names[n - 4] as string)
      }
      if (n % 13 === 0) await pages(store, 2)
    }
    const sorted = [...listed].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
    for (const limit of [1, 3, 50]) expect(await pages(store, limit)).toEqual(sorted)
    await store.admin.checkpoint()
    expect(await pages(store, 3)).toEqual(sorted)
  } finally {
    await store.close()
  }
})

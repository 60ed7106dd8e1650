import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { openMessageStore } from '../../../src/index.js'
import { temporaryDirectory } from '../../fixtures/temporary-directory.js'

const count = 400
/** Messages between two flushes: blocks of one, few and many. */
const flushes = [1, 2, 60, 61, 250, 251]

test('scrolling reads the rows of a block once, and every place of a conversation gives its messages', async () => {
  const location = await temporaryDirectory()
  let store = await openMessageStore({ location, durability: 'os' })
  for (let seq = 1; seq <= count; seq++) {
    const [sender, receiver] = seq % 3 === 0 ? ['ada', 'bob'] : ['bob', 'ada']
    await store.sendMessage({ sender, receiver, text: `message ${seq}` })
    if (flushes.includes(seq)) await store.admin.checkpoint()
  }
  await store.close()
  store = await openMessageStore({ location, durability: 'os' })
  const reads = async () => (await store.admin.stats()).cache.rowReads
  const peer = { peer: 'bob' }
  try {
    await store.getMessages('ada', peer)
    const before = await reads()
    const seen: number[] = []
    for (let cursor: string | null | undefined; cursor !== null;) {
      const page = await store.getMessages(
        'ada',
        peer,
        cursor === undefined ? { limit: 10 } : { limit: 10, cursor },
      )
      seen.push(...page.items.map(({ seq }) => seq))
      cursor = page.next
    }
    expect(seen).toEqual(Array.from({ length: count }, (_, i) => count - i))
    expect((await reads()) - before).toBeLessThanOrEqual(flushes.length + 1)
    const place = fc.record({
      from: fc.integer({ min: 0, max: count }),
      limit: fc.integer({ min: 1, max: 120 }),
    })
    await fc.assert(
      fc.asyncProperty(place, fc.constantFrom('ada', 'bob'), async ({ from, limit }, user) => {
        const other = { peer: user === 'ada' ? 'bob' : 'ada' }
        const { items } = await store.getMessages(user, other, { after: from, limit })
        expect(items.map(({ seq }) => seq)).toEqual(
          Array.from({ length: Math.min(limit, count - from) }, (_, i) => from + 1 + i),
        )
        for (const { seq, text, sender } of items)
          expect([text, sender]).toEqual([`message ${seq}`, seq % 3 === 0 ? 'ada' : 'bob'])
      }),
      { numRuns: 60 },
    )
  } finally {
    await store.close()
  }
})

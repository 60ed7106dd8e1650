import { expect, test } from 'vitest'
import { openMessageStore, type LocalMessageStore } from '../../../src/index.js'
import { temporaryDirectory } from '../../fixtures/temporary-directory.js'

const bursts = 20
const burst = 6
const all = Array.from({ length: bursts * burst }, (_, n) => n)
const talks = [{ receiver: 'bob' }, { conversationId: 'team' }] as const

function message(n: number, talk: (typeof talks)[number]) {
  const attributes = n % 5 === 0 ? { attributes: { n } } : {}
  return { sender: 'ada', id: `id ${n}`, text: `message ${n}`, ...attributes, ...talk }
}

async function tidied(store: LocalMessageStore): Promise<void> {
  for (let quiet = 0; quiet < 3;) {
    await store.admin.checkpoint()
    const { merging } = (await store.admin.stats()).bodies
    quiet = merging ? 0 : quiet + 1
  }
}

/** Each message once more, later ones first and last, so that no two in a row lie in one block. */
async function repeatAll(store: LocalMessageStore): Promise<void> {
  for (const n of all.map((at) => (at * 49) % all.length)) {
    for (const talk of talks) {
      expect(await store.sendMessage(message(n, talk))).toMatchObject({ seq: n + 1, duplicate: true })
      await expect(store.sendMessage({ ...message(n, talk), text: 'other' })).rejects.toMatchObject({
        code: 'IDEMPOTENCY_CONFLICT',
      })
    }
  }
}

test('repeats of what lies in many runs, joined since or not, are known by the message itself', async () => {
  const location = await temporaryDirectory()
  let store = await openMessageStore({ location, durability: 'os' })
  try {
    await store.groups.create({ creator: 'ada', members: ['bob'], id: 'team' })
    for (let from = 0; from < all.length; from += burst) {
      for (let n = from; n < from + burst; n++)
        for (const talk of talks) await store.sendMessage(message(n, talk))
      await store.admin.checkpoint()
    }
    await repeatAll(store)
    await tidied(store)
    await repeatAll(store)
    await store.close()
    store = await openMessageStore({ location, durability: 'os' })
    await repeatAll(store)
    // From the page that somebody has looked at.
    for (const id of ['team', (await store.sendMessage(message(0, talks[0]))).conversationId])
      await store.getMessages('bob', id)
    await repeatAll(store)
    expect((await store.admin.verify()).findings).toEqual([])
  } finally {
    await store.close()
  }
})

import { describe, expect, test } from 'vitest'
import { EventualBackend } from '../../src/backend/reference/eventual-backend.js'
import { EventualCluster } from '../../src/backend/reference/eventual-cluster.js'
import { backendConformance } from '../../src/conformance/backend-conformance.js'
import type { OpenBackend } from '../../src/conformance/opened-backend.js'
import { storeConformance } from '../../src/conformance/store-conformance.js'
import { storeOver } from '../../src/conformance/store-over.js'

const seeds = [1, 2, 3]

function openWith(seed: number): OpenBackend {
  return async () => {
    const cluster = new EventualCluster({ seed })
    let backend = new EventualBackend(cluster)
    const another = async () => {
      backend = new EventualBackend(cluster)
      return backend
    }
    return {
      backend,
      settle: () => backend.settle(),
      beside: async () => new EventualBackend(cluster),
      async reopen() {
        await backend.close()
        return another()
      },
      // A server is all that crashes here: what it has handed to the database happens.
      async crash() {
        await backend.settle()
        return another()
      },
    }
  }
}

async function serverOn(cluster: EventualCluster) {
  const { store } = await storeOver(async () => ({ backend: new EventualBackend(cluster) }))()
  return store
}

describe.each(seeds)('the eventual backend keeps the promises of the port, seed %i', (seed) => {
  test.each(backendConformance)('$title', async ({ run }) => {
    const notRun: string[] = []
    await run(openWith(seed), (why) => notRun.push(why))
    expect(notRun).toEqual([])
  })
})

describe.each(seeds)('the store over the eventual backend, seed %i', (seed) => {
  test.each(storeConformance)('$title', async ({ run }) => {
    await expect(run(storeOver(openWith(seed)))).resolves.toBeUndefined()
  })
})

describe.each(seeds)('two servers on one cluster, seed %i', (seed) => {
  test('number one conversation without gaps, and store a key once', async () => {
    const cluster = new EventualCluster({ seed, moved: 0.1 })
    const stores = [await serverOn(cluster), await serverOn(cluster)] as const
    const count = 40
    // Each message is sent through both servers at once, as a phone does that changes its network.
    const receipts = await Promise.all(
      Array.from({ length: count }, (_, index) =>
        Promise.all(
          stores.map((store) =>
            store.sendMessage({ sender: 'ada', receiver: 'bob', text: `text ${index}`, id: `key ${index}` }),
          ),
        ),
      ),
    )
    for (const [one, other] of receipts) {
      expect(one?.seq).toBe(other?.seq)
      expect(one?.duplicate).toBe(!other?.duplicate)
    }
    cluster.projections.settle()
    for (const store of stores) {
      for (const [user, peer] of [
        ['ada', 'bob'],
        ['bob', 'ada'],
      ] as const) {
        const { items } = await store.getMessages(user, { peer }, { after: 0, limit: 100 })
        expect(items.map(({ seq }) => seq)).toEqual(Array.from({ length: count }, (_, index) => index + 1))
        expect(new Set(items.map(({ id }) => id)).size).toBe(count)
      }
      expect(await store.getUnread('bob')).toEqual({ total: count, conversations: 1 })
    }
    for (const store of stores) await store.close()
  })

  test('change one group without losing a member', async () => {
    const cluster = new EventualCluster({ seed, moved: 0.1 })
    const stores = [await serverOn(cluster), await serverOn(cluster)] as const
    const [one, other] = stores
    await one.groups.create({ creator: 'ada', members: [], id: 'crowd' })
    await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        (index % 2 === 0 ? one : other).groups.addMembers('ada', 'crowd', [`u${index}`, `u${index + 1}`]),
      ),
    )
    cluster.projections.settle()
    const { items } = await other.groups.members('ada', 'crowd', { limit: 100 })
    const ids = items.map(({ userId }) => userId)
    expect(new Set(ids).size).toBe(22)
    expect(ids).toHaveLength(22)
    expect((await one.getConversation('ada', 'crowd'))?.memberCount).toBe(22)
    for (const store of stores) await store.close()
  })

  test('leave a group, when both first ones leave at once, to one who is in', async () => {
    const cluster = new EventualCluster({ seed, moved: 0.1 })
    const stores = [await serverOn(cluster), await serverOn(cluster)] as const
    const [one, other] = stores
    await one.groups.create({ creator: 'ada', members: ['bob', 'cleo'], id: 'trip' })
    cluster.projections.settle()
    await Promise.all([
      one.groups.removeMember('ada', 'trip', 'ada'),
      other.groups.removeMember('bob', 'trip', 'bob'),
    ])
    cluster.projections.settle()
    expect((await other.groups.members('cleo', 'trip')).items).toEqual([{ userId: 'cleo' }])
    expect((await one.groups.rename('cleo', 'trip', 'Mine')).owner).toBe('cleo')
    for (const store of stores) await store.close()
  })
})

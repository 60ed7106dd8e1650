import { expect, test } from 'vitest'
import type { GetConversationsOptions } from '../../../src/api/read-arguments.js'
import { openMessageStore } from '../../../src/index.js'
import { referenceStore } from '../../fixtures/reference-store.js'
import { temporaryDirectory } from '../../fixtures/temporary-directory.js'

// Options that are an object of a class: a loop over its names meets no accessor.

test('a walk whose options are accessors of a class comes to its end', async () => {
  const store = referenceStore()
  for (const receiver of ['bob', 'cyd', 'dan'])
    await store.sendMessage({ sender: 'ann', receiver, text: 'x' })
  class Walk implements GetConversationsOptions {
    #next: string | undefined
    get limit(): number {
      return 2
    }
    get cursor(): string | undefined {
      return this.#next
    }
    async page(): Promise<string | null> {
      const { next } = await store.getConversations('ann', this)
      this.#next = next ?? undefined
      return next
    }
  }
  const walk = new Walk()
  expect(await walk.page()).not.toBeNull()
  expect(await walk.page()).toBeNull()
  await store.close()
})

test('a store is made as accessors of a class say', async () => {
  const location = await temporaryDirectory()
  class Options {
    readonly location = location
    get shards(): number {
      return 3
    }
    get users(): 'registered' {
      return 'registered'
    }
  }
  const store = await openMessageStore(new Options())
  try {
    expect((await store.admin.stats())['shards']).toHaveLength(3)
    const send = store.sendMessage({ sender: 'ann', receiver: 'bob', text: 'x' })
    await expect(send).rejects.toMatchObject({ code: 'USER_NOT_FOUND' })
  } finally {
    await store.close()
  }
})

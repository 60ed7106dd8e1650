import { describe, expect, onTestFinished, test } from 'vitest'
import type { MessageStore } from '../../src/api/message-store.js'
import { temporaryDirectory } from '../fixtures/temporary-directory.js'
import { endings, keptStore, openKept, seenIn, unpackStore, type Ending } from './kept-store.js'

// Stores that this version, or one of the same format, wrote once: what people have on their disks. A change that is red here
// needs a new version of the formats (docs/formats.md says how).

async function opened(ending: Ending): Promise<MessageStore> {
  const location = await temporaryDirectory()
  await unpackStore(ending, location)
  const store = await openKept(location)
  onTestFinished(() => store.close())
  return store
}

describe.each(endings)('a store that was %s in the past', (ending) => {
  test('has all that was in it', async () => {
    const { tokens, seen } = await keptStore(ending)
    const store = await opened(ending)
    expect(await seenIn(store, tokens)).toEqual(seen)
    expect((await store.admin.verify()).findings).toEqual([])
  })

  test('knows every message by its key, and goes on', async () => {
    const { sends } = await keptStore(ending)
    const store = await opened(ending)
    for (const [request, receipt] of sends) {
      // Without a key it would be another message.
      if (request.id === undefined && request.deviceId === undefined) continue
      expect(await store.sendMessage(request)).toEqual({ ...receipt, duplicate: true })
    }
    for (const peer of ['ben', 'cem']) {
      const before = await store.getConversation('ann', { peer })
      const receipt = await store.sendMessage({ sender: 'ann', receiver: peer, text: 'new' })
      expect(receipt).toMatchObject({ conversationId: before?.id, seq: (before?.headSeq ?? 0) + 1 })
    }
    expect((await store.admin.verify()).findings).toEqual([])
  })
})

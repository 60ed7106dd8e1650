import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openLocalStore } from '../fixtures/local-store.js'
import { temporaryDirectory } from '../fixtures/temporary-directory.js'

/** As on a disk that is slow just now. */
const slow = { local: { tuning: { readsNow: false } } }

test('damage of older messages takes neither the newest one nor marks with it', async () => {
  const location = await temporaryDirectory()
  let store = await openLocalStore(location, slow)
  await store.groups.create({ creator: 'ada', members: ['bob'], id: 'team' })
  for (let i = 0; i < 3; i++) {
    await store.sendMessage({ sender: 'ada', conversationId: 'team', text: `message ${i} `.repeat(10) })
    await store.admin.checkpoint()
  }
  await store.close()
  const oldest = join(location, 'bodies', (await readdir(join(location, 'bodies'))).sort()[0] as string)
  const bytes = await readFile(oldest)
  bytes[bytes.length - 5]! ^= 1
  await writeFile(oldest, bytes)
  store = await openLocalStore(location, slow)
  try {
    expect((await store.getMessages('bob', 'team', { limit: 1 })).items[0]?.seq).toBe(3)
    expect((await store.getConversation('bob', 'team'))?.headSeq).toBe(3)
    await store.markRead('bob', 'team')
  } finally {
    await store.close()
  }
})

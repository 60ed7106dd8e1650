import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { MessageStore } from '../../src/api/message-store.js'
import { resolveLimits } from '../../src/limits.js'
import { openLocalBackend } from '../../src/local/open-local-backend.js'
import { systemClock } from '../../src/platform/clock.js'
import { nodeFileSystem } from '../../src/platform/node-file-system.js'
import { systemRandom } from '../../src/platform/random.js'
import { temporaryDirectory } from '../fixtures/temporary-directory.js'

const limits = resolveLimits()

async function open(location: string) {
  const settings = {
    location,
    shards: 2,
    virtualNodes: 16,
    cacheBytes: 1e7,
    cacheTierSize: 64,
    syncEveryMs: 0,
    limits,
  }
  const components = {
    clock: systemClock,
    random: systemRandom,
    fileSystem: nodeFileSystem,
    logger: undefined,
    metrics: undefined,
  }
  // As on a disk that is slow just now.
  const backend = await openLocalBackend(settings, components, { tuning: { readsAtOnce: false } })
  return new MessageStore(backend, { limits, clock: systemClock, usersMode: 'open' })
}

test('damage of older messages takes neither the newest one nor marks with it', async () => {
  const location = await temporaryDirectory()
  let store = await open(location)
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
  store = await open(location)
  try {
    expect((await store.getMessages('bob', 'team', { limit: 1 })).items[0]?.seq).toBe(3)
    expect((await store.getConversation('bob', 'team'))?.headSeq).toBe(3)
    await store.markRead('bob', 'team')
  } finally {
    await store.close()
  }
})

import { expect, test } from 'vitest'
import type { MessageStore } from '../../src/api/message-store.js'
import { filterName } from '../../src/formats/store-names.js'
import { nodeFileSystem } from '../../src/platform/node-file-system.js'
import { interferedFileSystem, type FileOperation } from '../fixtures/failing-file-system.js'
import { openLocalStore } from '../fixtures/local-store.js'
import { temporaryDirectory } from '../fixtures/temporary-directory.js'

/** A file system on which an operation on the filter of conversations fails. */
const failing = (code: string, failed: FileOperation) =>
  interferedFileSystem(nodeFileSystem, {
    before: (operation, path) => {
      if (operation === failed && path.includes(filterName))
        throw Object.assign(new Error(code), { code, syscall: failed })
    },
  })

async function sendAgain(store: MessageStore): Promise<boolean> {
  const { duplicate } = await store.sendMessage({ sender: 'ann', receiver: 'ben', id: '1', text: 'hello' })
  return duplicate
}

test('a kept filter that cannot be read is made anew, and the store opens', async () => {
  const location = await temporaryDirectory()
  const first = await openLocalStore(location)
  expect(await sendAgain(first)).toBe(false)
  await first.close()
  for (const operation of ['read', 'open', 'stat'] as const) {
    const store = await openLocalStore(location, { fileSystem: failing('EIO', operation) })
    expect(await sendAgain(store)).toBe(true)
    await store.close()
  }
})

test('a store without room for its filter is closed in good order: its tokens stay', async () => {
  const location = await temporaryDirectory()
  // Behind an unclean end tokens of such a store count no more.
  const lossy = { settings: { syncEveryMs: Infinity } }
  const first = await openLocalStore(location, { ...lossy, fileSystem: failing('ENOSPC', 'write') })
  const { token } = await first.getChanges('ben')
  await sendAgain(first)
  await first.close()
  const store = await openLocalStore(location, lossy)
  expect((await store.getChanges('ben', { since: token })).changes).toHaveLength(1)
  expect(await sendAgain(store)).toBe(true)
  await store.close()
})

import { cp } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { MessageStore } from '../../src/api/message-store.js'
import { filterName } from '../../src/formats/store-names.js'
import { nodeFileSystem } from '../../src/platform/node-file-system.js'
import { copyOfKilled } from '../fixtures/copy-of-killed.js'
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

test('the manifest of the last clean close, put back behind a kill: what began since then goes on where it was', async () => {
  const location = await temporaryDirectory()
  const kept = join(await temporaryDirectory(), 'MANIFEST')
  const first = await openLocalStore(location)
  await sendAgain(first)
  await first.close()
  await cp(join(location, 'MANIFEST'), kept)
  const killed = await openLocalStore(location)
  await killed.sendMessage({ sender: 'ann', receiver: 'cleo', id: '1', text: 'hello' })
  const left = await copyOfKilled(location)
  await cp(kept, join(left, 'MANIFEST'))
  const store = await openLocalStore(left)
  expect(await store.sendMessage({ sender: 'cleo', receiver: 'ann', text: 'hello, too' })).toMatchObject({
    seq: 2,
  })
  const { items } = await store.getMessages('ann', { peer: 'cleo' })
  expect(items.map(({ seq, text }) => [seq, text])).toEqual([
    [2, 'hello, too'],
    [1, 'hello'],
  ])
  expect(await sendAgain(store)).toBe(true)
})

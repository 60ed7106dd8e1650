import { once } from 'node:events'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { expect, test } from 'vitest'
import { openMessageStore } from '../../src/index.js'
import { nodeFileSystem } from '../../src/platform/node-file-system.js'
import { interferedFileSystem } from '../fixtures/failing-file-system.js'
import { openLocalStore } from '../fixtures/local-store.js'
import { temporaryDirectory } from '../fixtures/temporary-directory.js'

test('where the system opens no directories, as Windows, none is asked for, and all else goes on', async () => {
  const location = await temporaryDirectory()
  const worker = new Worker(new URL('windows-worker.js', import.meta.url), { workerData: location })
  const [answer] = (await once(worker, 'message')) as [unknown]
  await worker.terminate()
  expect(answer).toEqual({ refused: 0, seqs: Array.from({ length: 30 }, (_, i) => i + 1) })
  const store = await openMessageStore({ location })
  expect((await store.getConversation('bob', { peer: 'ann' }))?.headSeq).toBe(30)
  expect((await store.admin.verify()).findings).toEqual([])
  await store.close()
})

test.each([
  ['EPERM', 'open', 'INVALID_ARGUMENT'],
  ['EISDIR', 'open', 'CORRUPT'],
  ['EINVAL', 'fsync', 'CORRUPT'],
])(
  'a file system that says %s to a sync of a directory, from the beginning or later',
  async (system, syscall, code) => {
    const location = join(await temporaryDirectory(), 'store')
    let refuses = true
    const fileSystem = interferedFileSystem(nodeFileSystem, {
      before: (operation) => {
        if (refuses && operation === 'syncDirectory')
          throw Object.assign(new Error(`${system}: no`), { code: system, syscall })
      },
    })
    for (let time = 1; time <= 2; time++) {
      await expect(openLocalStore(location, { fileSystem })).rejects.toMatchObject({
        code,
        details: { system },
      })
    }
    refuses = false
    const store = await openLocalStore(location, { fileSystem })
    const request = { sender: 'ann', receiver: 'bob', id: '1', text: 'hello' }
    await store.sendMessage(request)
    refuses = true
    await expect(store.admin.checkpoint()).rejects.toMatchObject({ code: 'POISONED' })
    await expect(store.sendMessage({ ...request, id: '2' })).rejects.toMatchObject({ code: 'POISONED' })
    expect((await store.getMessages('bob', { peer: 'ann' })).items).toHaveLength(1)
    await store.close()
    await expect(openLocalStore(location, { fileSystem })).rejects.toMatchObject({
      code,
      details: { system },
    })
    refuses = false
    const again = await openLocalStore(location, { fileSystem })
    expect(await again.sendMessage(request)).toMatchObject({ seq: 1, duplicate: true })
    expect(await again.sendMessage({ ...request, id: '2' })).toMatchObject({ seq: 2, duplicate: false })
  },
)

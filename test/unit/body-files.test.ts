import { expect, test } from 'vitest'
import { BodyFiles } from '../../src/local/bodies/body-files.js'
import type { FileHandle, FileSystem } from '../../src/platform/file-system.js'
import { nodeFileSystem } from '../../src/platform/node-file-system.js'
import { temporaryDirectory } from '../fixtures/temporary-directory.js'

test('a file that must make room is closed behind the reads that are under way on it', async () => {
  const directory = await temporaryDirectory()
  const open = new Set<FileHandle>()
  const late: (() => void)[] = []
  /** Reads answer only when they are told to; a read of a closed handle fails. */
  const fileSystem: FileSystem = {
    ...nodeFileSystem,
    async open(path, mode) {
      const handle = await nodeFileSystem.open(path, mode)
      if (mode !== 'read') return handle
      const own: FileHandle = {
        write: (data, position) => handle.write(data, position),
        sync: () => handle.sync(),
        truncate: (size) => handle.truncate(size),
        size: () => handle.size(),
        async read(into, position) {
          await new Promise<void>((resolve) => late.push(resolve))
          if (!open.has(own)) throw new Error('read of a closed file')
          return handle.read(into, position)
        },
        async close() {
          open.delete(own)
          await handle.close()
        },
      }
      open.add(own)
      return own
    },
  }
  const files = new BodyFiles({ directory, fileSystem, storeId: new Uint8Array(16), openFiles: 1 })
  await files.write(1, [Buffer.from('first')])
  await files.write(2, [Buffer.from('second')])
  const first = files.read(1, 36, 5)
  const second = files.read(2, 36, 6)
  while (late.length < 2) await new Promise((resolve) => setImmediate(resolve))
  for (const answer of late) answer()
  expect((await first).toString()).toBe('first')
  expect((await second).toString()).toBe('second')
  expect(open.size).toBe(1)
  await files.close()
  expect(open.size).toBe(0)
})

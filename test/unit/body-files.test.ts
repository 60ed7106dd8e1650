import { expect, test } from 'vitest'
import { BodyFiles } from '../../src/local/bodies/body-files.js'
import type { FileHandle, FileSystem } from '../../src/platform/file-system.js'
import { nodeFileSystem } from '../../src/platform/node-file-system.js'
import { ReadPace, timelessMeter } from '../../src/platform/read-pace.js'
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
        writeSynced: (data, position) => handle.writeSynced(data, position),
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

test('a read at once is one of a file that is open, not too long, and whole; anything else is left to the other read', async () => {
  const directory = await temporaryDirectory()
  const pace = new ReadPace(true, timelessMeter)
  const options = { directory, fileSystem: nodeFileSystem, storeId: new Uint8Array(16) }
  const files = new BodyFiles({ ...options, pace })
  await files.write(1, [Buffer.from('first'), Buffer.alloc(200_000)])
  expect(files.readNow(1, 36, 5)).toBeNull()
  await files.read(1, 36, 5)
  expect(files.readNow(1, 36, 5)?.toString()).toBe('first')
  expect(files.readNow(1, 36, 200_000)).toBeNull()
  expect(files.readNow(1, 200_036, 50)).toBeNull()
  await files.remove(1)
  expect(files.readNow(1, 36, 5)).toBeNull()
  await files.close()
  const patient = new BodyFiles(options)
  await patient.write(2, [Buffer.from('second')])
  await patient.read(2, 36, 6)
  expect(patient.readNow(2, 36, 6)).toBeNull()
  await patient.close()
})

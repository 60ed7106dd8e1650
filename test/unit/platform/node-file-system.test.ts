import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { nodeFileSystem } from '../../../src/platform/node-file-system.js'
import { temporaryDirectory } from '../../fixtures/temporary-directory.js'

// Nobody touches all of these bytes, so they take no memory.
test.each([2 ** 31 - 1, 2 ** 31, 2 ** 32])('a read into %d bytes gives what the file has', async (bytes) => {
  const path = join(await temporaryDirectory(), 'file')
  await writeFile(path, 'content')
  const handle = await nodeFileSystem.open(path, 'read')
  try {
    const into = Buffer.allocUnsafeSlow(bytes)
    expect(await handle.read(into, 0)).toBe(7)
    expect(handle.readSync?.(into, 3)).toBe(4)
    expect(into.toString('latin1', 0, 4)).toBe('tent')
  } finally {
    await handle.close()
  }
})

import { join } from 'node:path'
import fs from 'node:fs/promises'
import { expect, test, vi } from 'vitest'
import { nodeFileSystem } from '../../../src/platform/node-file-system.js'
import { temporaryDirectory } from '../../fixtures/temporary-directory.js'

test.each(['EACCES', 'EPERM', 'EROFS', 'ENOSPC'])(
  'a directory that cannot be made for %s says so',
  async (code) => {
    const path = join(await temporaryDirectory(), 'store')
    const mkdir = vi
      .spyOn(fs, 'mkdir')
      .mockRejectedValue(Object.assign(new Error(code), { code, syscall: 'mkdir' }))
    try {
      await expect(nodeFileSystem.makeDirectory(path)).rejects.toMatchObject({ code })
    } finally {
      mkdir.mockRestore()
    }
  },
)

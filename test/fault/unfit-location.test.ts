import { execFile } from 'node:child_process'
import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { openMessageStore } from '../../src/index.js'
import { temporaryDirectory } from '../fixtures/temporary-directory.js'

test.each<[string, string, (place: string) => Promise<unknown>, string]>([
  ['a file', 'EEXIST', (place) => writeFile(place, 'something'), ''],
  ['something in a file', 'ENOTDIR', (place) => writeFile(place, 'something'), 'store'],
  ['a link to nothing', 'ENOENT', (place) => symlink(`${place}-gone`, place), ''],
  ['a link to itself', 'ELOOP', (place) => symlink(place, place), ''],
  ['a name that is too long', 'ENAMETOOLONG', (place) => mkdir(place), 'n'.repeat(300)],
])('%s is no location for a store', async (_, system, make, below) => {
  const place = join(await temporaryDirectory(), 'place')
  await make(place)
  await expect(openMessageStore({ location: join(place, below) })).rejects.toMatchObject({
    code: 'INVALID_ARGUMENT',
    message: expect.stringMatching(/^location /),
    details: { field: 'location', system },
    cause: { code: system },
  })
})

test('where nothing can be made is no location either', async () => {
  await expect(openMessageStore({ location: '/proc/columba/store' })).rejects.toMatchObject({
    code: 'INVALID_ARGUMENT',
    details: { field: 'location', system: 'ENOENT' },
  })
})

test('a relative location is that of the call, wherever the process goes later', async () => {
  const script = fileURLToPath(new URL('../crash/relative-worker.js', import.meta.url))
  const { stdout } = await promisify(execFile)(process.execPath, [script, await temporaryDirectory()])
  expect(stdout).toBe('first\nsecond\n')
})

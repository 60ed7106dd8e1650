import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { SalvagedFile } from '../../../src/local/repair/salvaged-file.js'
import { withBadSectors } from '../../fixtures/bad-sectors.js'
import { temporaryDirectory } from '../../fixtures/temporary-directory.js'

const MiB = 1024 * 1024

async function fileWith(size: number): Promise<string> {
  const path = join(await temporaryDirectory(), 'file')
  await writeFile(path, Buffer.alloc(size, 0x61))
  return path
}

test('bad sectors are zeroes and named, and cost nothing beside them', async () => {
  const path = await fileWith(100_000)
  const bad = [
    [512, 1536],
    [64_512, 65_024],
    [65_024, 65_536],
    [99_840, 100_000],
  ] as const
  const file = await SalvagedFile.open(withBadSectors(path, bad), path)
  const expected = Buffer.alloc(100_000, 0x61).fill(0, 512, 1536).fill(0, 64_512, 65_536).fill(0, 99_840)
  const unread = [
    { offset: 512, length: 1024 },
    { offset: 64_512, length: 1024 },
    { offset: 99_840, length: 160 },
  ]
  expect((await file.read(0, 100_000)).equals(expected)).toBe(true)
  expect(file.unread).toEqual(unread)
  // Once more, in other pieces: the same, told once.
  for (let at = 0; at < 100_000; at += 1000)
    expect((await file.read(at, 1000)).equals(expected.subarray(at, at + 1000))).toBe(true)
  expect(file.unread).toEqual(unread)
  await file.close()
})

test('a disk on which nothing can be read is not asked for each sector', async () => {
  const path = await fileWith(64 * MiB)
  let failures = 0
  const disk = withBadSectors(path, [[0, 64 * MiB]], () => failures++)
  const file = await SalvagedFile.open(disk, path)
  for (let at = 0; at < file.size; at += 4 * MiB) await file.read(at, 4 * MiB)
  expect(file.unread).toEqual([{ offset: 0, length: 64 * MiB }])
  expect(failures).toBeLessThan(5000)
  await file.close()
})

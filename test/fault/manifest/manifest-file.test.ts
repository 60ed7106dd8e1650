import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { encodeManifest } from '../../../src/formats/manifest.js'
import { assertSameLayout, ManifestFile, newEpoch, newManifest } from '../../../src/local/manifest-file.js'
import { nodeFileSystem } from '../../../src/platform/node-file-system.js'
import { systemRandom } from '../../../src/platform/random.js'
import { type FileOperation, interferedFileSystem } from '../../fixtures/failing-file-system.js'
import { fixedRandom } from '../../fixtures/fixed-random.js'
import { temporaryDirectory } from '../../fixtures/temporary-directory.js'
import { rejectionOf, thrownBy } from '../../fixtures/thrown-by.js'

const first = newManifest(fixedRandom(1), 1000, { shards: 2, virtualNodes: 128 })
const second = { ...first, checkpoint: 77, created: true }

test('each store has ids and a secret of its own', () => {
  const made = Array.from({ length: 4 }, () =>
    newManifest(systemRandom, 1000, { shards: 2, virtualNodes: 128 }),
  )
  const drawn = made.flatMap(({ storeId, ringSecret, shardIds }) => [storeId, ringSecret, ...shardIds])
  expect(new Set(drawn.map((bytes) => Buffer.from(bytes).toString('hex'))).size).toBe(16)
})

test('nothing, then the one, then the other', async () => {
  const file = new ManifestFile(nodeFileSystem, await temporaryDirectory())
  expect(await file.read()).toBeNull()
  await file.replace(first)
  expect(await file.read()).toEqual(first)
  await file.replace(second)
  expect(await file.read()).toEqual(second)
})

test('written aside, synced, renamed, directory synced; short writes go on', async () => {
  const directory = await temporaryDirectory()
  const operations: FileOperation[] = []
  const fileSystem = interferedFileSystem(nodeFileSystem, {
    atMost: 50,
    before: (operation) => operations.push(operation),
  })
  await new ManifestFile(fileSystem, directory).replace(first)
  expect(operations).toEqual(['open', 'write', 'write', 'write', 'sync', 'rename', 'syncDirectory'])
  expect(await new ManifestFile(nodeFileSystem, directory).read()).toEqual(first)
})

test('whichever operation fails: the old one or the new one is there, and the next one that is written cleans up', async () => {
  for (let failing = 0; failing < 5; failing++) {
    const directory = await temporaryDirectory()
    await new ManifestFile(nodeFileSystem, directory).replace(first)
    let count = 0
    const fileSystem = interferedFileSystem(nodeFileSystem, {
      before: () => {
        if (count++ >= failing) throw Object.assign(new Error('EIO'), { code: 'EIO' })
      },
    })
    await expect(new ManifestFile(fileSystem, directory).replace(second)).rejects.toThrow('EIO')
    const again = new ManifestFile(nodeFileSystem, directory)
    expect(await again.read()).toEqual(failing < 4 ? first : second)
    await again.replace(second)
    expect(await again.read()).toEqual(second)
    expect(await readdir(directory)).toEqual(['MANIFEST'])
  }
})

test('a newer one is incompatible, and nothing is touched', async () => {
  const directory = await temporaryDirectory()
  const bytes = encodeManifest(first)
  bytes.writeUInt32LE(9, 8)
  bytes.writeUInt32LE(crc32(bytes.subarray(0, -4)), bytes.byteLength - 4)
  await writeFile(join(directory, 'MANIFEST'), bytes)
  await writeFile(join(directory, 'MANIFEST.new'), 'stray')
  expect(await rejectionOf(new ManifestFile(nodeFileSystem, directory).read())).toMatchObject({
    code: 'INCOMPATIBLE',
  })
  expect(await readFile(join(directory, 'MANIFEST'))).toEqual(bytes)
  expect(await readdir(directory)).toEqual(['MANIFEST', 'MANIFEST.new'])
})

test('a missing one beside shards, an empty one and a huge one are damage', async () => {
  const directory = await temporaryDirectory()
  const file = new ManifestFile(nodeFileSystem, directory)
  await nodeFileSystem.makeDirectory(join(directory, 'shards'))
  const corrupt = { code: 'CORRUPT', details: { file: join(directory, 'MANIFEST') } }
  expect(await rejectionOf(file.read())).toMatchObject(corrupt)
  await writeFile(file.path, '')
  expect(await rejectionOf(file.read())).toMatchObject(corrupt)
  await writeFile(file.path, Buffer.alloc(3 * 1024 * 1024))
  expect(await rejectionOf(file.read())).toMatchObject(corrupt)
})

describe('layout', () => {
  test('a store opens with the layout that it was made with, or with none given', () => {
    assertSameLayout(first, {})
    assertSameLayout(first, { shards: 2, virtualNodes: 128 })
  })

  test.each([
    ['shards', { shards: 3 }, 2, 3],
    ['virtualNodes', { virtualNodes: 64 }, 128, 64],
  ])('other %s are incompatible', (field, given, stored, wanted) => {
    expect(thrownBy(() => assertSameLayout(first, given))).toMatchObject({
      code: 'INCOMPATIBLE',
      details: { field, stored, given: wanted },
    })
  })
})

test('a new epoch is never 0 and never the one before', () => {
  const answers = [Buffer.alloc(4), Buffer.from([5, 0, 0, 0]), Buffer.from([6, 0, 0, 0])]
  expect(newEpoch({ bytes: () => answers.shift()! }, 5)).toBe(6)
})

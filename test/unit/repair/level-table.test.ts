import { ClassicLevel } from 'classic-level'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeAll, expect, test } from 'vitest'
import { keys, userPrefix } from '../../../src/formats/keys.js'
import { firstRows, isTableSound, readTable } from '../../../src/local/repair/level-table.js'
import { OpenTable } from '../../../src/local/shards/level-tables.js'
import { nodeFileSystem } from '../../../src/platform/node-file-system.js'
import { interferedFileSystem } from '../../fixtures/failing-file-system.js'
import { filterIn } from '../../fixtures/level-filter.js'
import { temporaryDirectory } from '../../fixtures/temporary-directory.js'

const footerBytes = 48
let table: Buffer

/** A table of many blocks, with keys like those of a shard: an index says up to which key each block goes. */
beforeAll(async () => {
  const location = await mkdtemp(join(tmpdir(), 'columba-table-'))
  const database = new ClassicLevel<Buffer, Buffer>(location, {
    keyEncoding: 'buffer',
    valueEncoding: 'buffer',
  })
  await database.open()
  for (let i = 0; i < 2000; i++)
    await database.put(keys.marks(userPrefix('ann'), `group ${i}`), Buffer.from(`value ${i * 7919}`))
  await database.compactRange(Buffer.of(0), Buffer.of(0xff))
  await database.close()
  const name = (await readdir(location)).find((file) => file.endsWith('.ldb')) ?? ''
  table = await readFile(join(location, name))
  await rm(location, { recursive: true })
})

test('with a damaged footer a table gives its rows, and nothing else', async () => {
  const whole = await readTable(table)
  expect(whole).toMatchObject({ damaged: [], sound: true })
  expect(whole.rows).toHaveLength(2000)
  const damaged = Buffer.from(table)
  damaged.fill(0xff, damaged.length - 8)
  const read = await readTable(damaged)
  expect(read.rows).toEqual(whole.rows)
  expect(read.damaged).toEqual([{ offset: table.length - footerBytes, length: footerBytes }])
})

test('a table is sound if every bit of it is', async () => {
  const path = join(await temporaryDirectory(), '000001.ldb')
  const soundWith = async (edit: (bytes: Buffer) => Buffer | void): Promise<boolean> => {
    const bytes = Buffer.from(table)
    await writeFile(path, edit(bytes) ?? bytes)
    const file = await OpenTable.open(nodeFileSystem, path, '000001.ldb', 0)
    if (file === null) throw new Error('no table')
    try {
      return await isTableSound(file)
    } finally {
      await file.close()
    }
  }
  const flipped = (at: number) => (bytes: Buffer) => {
    bytes[at] = (bytes[at] as number) ^ 1
  }
  const { offset } = filterIn(table) ?? { offset: 0 }
  expect(await soundWith(() => undefined)).toBe(true)
  // Padding of the footer says nothing.
  for (let at = 0; at < table.length - footerBytes; at += at < offset ? 97 : 7)
    expect([at, await soundWith(flipped(at))]).toEqual([at, false])
  for (const at of [table.length - footerBytes, table.length - 1])
    expect(await soundWith(flipped(at))).toBe(false)
  for (const length of [0, 10, 47, 48, offset, table.length - 1])
    expect(await soundWith((bytes) => bytes.subarray(0, length))).toBe(false)
})

test('the first rows are found with the index, which takes little of the file, and without it', async () => {
  const read: number[] = []
  const bytesOf = (file: Buffer) => ({
    size: file.length,
    read: async (offset: number, length: number) => {
      read.push(length)
      return file.subarray(offset, offset + length)
    },
  })
  const { rows } = await readTable(table)
  const first = await firstRows(bytesOf(table))
  expect(first.length).toBeGreaterThan(10)
  expect(first).toEqual(rows.slice(0, first.length))
  expect(read.reduce((sum, length) => sum + length, 0)).toBeLessThan(table.length / 2)
  const damaged = Buffer.from(table)
  damaged.fill(0xff, damaged.length - 8)
  expect(await firstRows(bytesOf(damaged))).toEqual(first)
})

test('no more of a table is read than there is, and not in small pieces', async () => {
  const path = join(await temporaryDirectory(), '000001.ldb')
  await writeFile(path, table)
  let reads = 0
  const before = (operation: string): void => {
    if (operation === 'read') reads++
  }
  const file = await OpenTable.open(interferedFileSystem(nodeFileSystem, { before }), path, '000001.ldb', 0)
  if (file === null) throw new Error('no table')
  expect(await isTableSound(file)).toBe(true)
  expect(reads).toBeLessThan(8)
  expect(await file.read(10, 20)).toEqual(table.subarray(10, 30))
  expect(await file.read(table.length - 5, 20)).toEqual(table.subarray(-5))
  expect(await file.read(table.length + 5, 20)).toHaveLength(0)
  await file.close()
})

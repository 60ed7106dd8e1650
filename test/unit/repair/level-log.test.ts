import { ClassicLevel } from 'classic-level'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { readBatches, readTableList } from '../../../src/local/repair/level-log.js'
import { temporaryDirectory } from '../../fixtures/temporary-directory.js'

/** What a LevelDB with a table and three rows in its log has in its files of these names. */
async function fileOf(pattern: RegExp): Promise<Buffer> {
  const directory = await temporaryDirectory()
  const database = new ClassicLevel(directory)
  await database.open()
  await database.put('before', 'x')
  await database.compactRange('a', 'z')
  for (const key of ['a', 'b', 'c']) await database.put(key, key.repeat(1000))
  await database.close()
  const name = (await readdir(directory)).find((one) => pattern.test(one)) as string
  return readFile(join(directory, name))
}

const keysIn = (file: Buffer): string[] => readBatches(file).rows.map(([key]) => key.toString())

test('a record that goes on beyond the end of the file is the end of a log, wherever it was cut', async () => {
  const file = await fileOf(/^\d+\.log$/)
  expect(keysIn(file)).toEqual(['a', 'b', 'c'])
  for (const cut of [1, 500, 1000, 1020]) {
    const torn = file.subarray(0, file.length - cut)
    expect(keysIn(torn)).toEqual(['a', 'b'])
    expect(readBatches(torn).damaged).toEqual([])
  }
})

test('a wrong length is none, though it seems to go there: whole records lie behind it', async () => {
  const file = await fileOf(/^\d+\.log$/)
  file[5] = 0x70
  expect(readBatches(file).damaged).toEqual([{ offset: 0, length: file.length }])
})

test('a list of tables whose last record is torn is what it was before', async () => {
  const file = await fileOf(/^MANIFEST-\d+$/)
  const tables = readTableList(file)
  expect(tables?.size).toBe(1)
  expect(readTableList(Buffer.concat([file, Buffer.from([1, 2, 3, 4, 60, 0, 1, 9, 9, 9])]))).toEqual(tables)
  file[4] = 0xff
  expect(readTableList(file)).toBeNull()
})

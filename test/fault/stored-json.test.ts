import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { bodyFileName } from '../../src/formats/body-file.js'
import { checksum } from '../../src/formats/checksum.js'
import { rows } from '../../src/formats/rows.js'
import { temporaryDirectory } from '../fixtures/temporary-directory.js'
import { openSample } from './verify/sample-store.js'
import { ShardEdit } from './verify/shard-edit.js'

const corrupt = { name: 'ColumbaError', code: 'CORRUPT' }

/** What is JSON no more, though it is as long. */
function spoil(bytes: Buffer): Buffer {
  const spoilt = Buffer.from(bytes)
  spoilt.write('{"color":red}}', bytes.indexOf('{"color":"red"}'))
  return spoilt
}

test('a profile that is no JSON under a seal that fits is CORRUPT, and verify finds it', async () => {
  const location = await temporaryDirectory()
  const first = await openSample(location)
  const { token } = await first.getChanges('ann')
  await first.users.register({ id: 'ann', name: 'Ann', profile: { color: 'red' } })
  await first.close()
  await ShardEdit.of(location, async (shards) => {
    const row = await shards.row('profile', 'ann')
    await shards.put(row, spoil(row.payload))
  })
  const store = await openSample(location)
  await expect(store.users.get('ann')).rejects.toMatchObject(corrupt)
  await expect(store.users.update('ann', { name: 'Anna' })).rejects.toMatchObject(corrupt)
  await expect(store.users.register({ id: 'ann', name: 'Ann' })).rejects.toMatchObject(corrupt)
  await expect(store.getChanges('ann', { since: token })).rejects.toMatchObject(corrupt)
  const { findings } = await store.admin.verify()
  expect(findings.map(({ what }) => what)).toEqual(['row that cannot be read'])
  await store.close()
})

test('attributes that are no JSON in a block whose checksum fits are CORRUPT, and verify finds them', async () => {
  const location = await temporaryDirectory()
  const first = await openSample(location)
  const attributes = { color: 'red' }
  await first.sendMessage({ sender: 'ann', receiver: 'ben', text: 'x'.repeat(2000), attributes })
  await first.close()
  let place = {}
  await ShardEdit.of(location, async (shards) => {
    const { payload } = await shards.row('runs', 'ann', Buffer.alloc(0))
    const { file, offset, length } = rows.run.decode(payload)
    place = { file: bodyFileName(file), offset }
    const path = join(location, 'bodies', bodyFileName(file))
    const bytes = spoil(await readFile(path))
    bytes.writeUInt32LE(checksum(bytes.subarray(offset + 8, offset + length)), offset + 4)
    await writeFile(path, bytes)
  })
  const store = await openSample(location)
  const damaged = { ...corrupt, details: place }
  await expect(store.getMessages('ben', { peer: 'ann' })).rejects.toMatchObject(damaged)
  await expect(store.getMessage('ben', { peer: 'ann' }, 1)).rejects.toMatchObject(damaged)
  await expect(store.getConversations('ben')).rejects.toMatchObject(corrupt)
  const { findings } = await store.admin.verify()
  expect(findings.map(({ what }) => what)).toEqual(['damaged block'])
  await store.close()
})

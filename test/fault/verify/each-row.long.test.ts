import { rm } from 'node:fs/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { copyOf } from '../repair/damaged-store.js'
import { makeSample, openSample } from './sample-store.js'
import { ShardEdit, type StoredRow } from './shard-edit.js'

let sample: string
beforeAll(async () => {
  sample = await makeSample()
})
afterAll(() => rm(sample, { recursive: true, force: true }))

const nameOf = ({ family, kind, id, key, prefixLength }: StoredRow): string =>
  `${family} of ${kind} ${id} ${key.subarray(prefixLength + 1).toString('hex')}`

/** But those of copies, of which most can be done without (copies.test.ts). */
const rowsOf = async (store: string): Promise<StoredRow[]> =>
  ShardEdit.of(await copyOf(store), (shards) => shards.rows(({ family }) => family !== 'copy'))

/** Whether verify has nothing to say of a copy of the store after an edit. */
async function passes(store: string, edit: (shards: ShardEdit) => Promise<unknown>): Promise<boolean> {
  const location = await copyOf(store)
  await ShardEdit.of(location, edit)
  const opened = await openSample(location)
  try {
    return (await opened.admin.verify()).ok
  } finally {
    await opened.close()
    await rm(location, { recursive: true })
  }
}

test('whichever single row is gone: verify finds it', async () => {
  const rows = await rowsOf(sample)
  const missed: string[] = []
  for (const row of rows) if (await passes(sample, (shards) => shards.del(row))) missed.push(nameOf(row))
  expect(rows.length).toBeGreaterThan(100)
  expect(missed).toEqual([])
})

test('whichever single row is as it was before many changes, or is there again: verify finds it', async () => {
  const before = await rowsOf(sample)
  const changed = await copyOf(sample)
  const store = await openSample(changed)
  await store.sendMessage({ sender: 'ann', receiver: 'ben', text: 'later' })
  await store.sendMessage({ sender: 'ben', receiver: 'ann', text: 'later' })
  await store.sendMessage({ sender: 'ann', receiver: 'ann', text: 'later' })
  await store.markRead('ann', { peer: 'ben' })
  await store.markDelivered('ben', { peer: 'ann' }, 20)
  await store.markRead('ann', { peer: 'ann' })
  await store.users.update('ann', { name: 'Anna' })
  await store.contacts.add('ann', 'ben', { alias: 'Benjamin' })
  await store.contacts.unblock('ben', 'cem')
  await store.contacts.unblock('dan', 'eva')
  await store.sendMessage({ sender: 'ann', conversationId: 'small', text: 'later' })
  await store.markRead('cem', 'small')
  await store.groups.removeMember('ann', 'small', 'ben')
  await store.groups.rename('ben', 'quiet', 'Quieter')
  await store.sendMessage({ sender: 'ann', conversationId: 'large', text: 'later' })
  await store.markRead('dan', 'large')
  await store.groups.removeMember('ann', 'large', 'eva')
  await store.close()
  const placeOf = ({ shard, key }: StoredRow): string => `${shard} ${key.toString('hex')}`
  const after = new Map((await rowsOf(changed)).map((row) => [placeOf(row), row]))
  const stale = before.filter((row) => after.get(placeOf(row))?.payload.equals(row.payload) !== true)
  const missed: string[] = []
  for (const row of stale)
    if (await passes(changed, (shards) => shards.put(row, row.payload))) missed.push(nameOf(row))
  expect(stale.length).toBeGreaterThan(20)
  expect(missed).toEqual([])
})

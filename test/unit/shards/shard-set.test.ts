import { cp, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { ClassicLevel } from 'classic-level'
import { describe, expect, test } from 'vitest'
import { ReadPace, timelessMeter } from '../../../src/platform/read-pace.js'
import { createShards, openShards, shardOptions } from '../../fixtures/open-shards.js'
import { temporaryDirectory } from '../../fixtures/temporary-directory.js'
import { rejectionOf, thrownBy } from '../../fixtures/thrown-by.js'

const key = (name: string | number) => Buffer.from(`\u0001row\0${String(name).padStart(4, '0')}`)
const payload = (text: string | number) => Buffer.from(`payload ${text}`)
const texts = (rows: readonly (Buffer | undefined)[]) => rows.map((row) => row?.toString())
const all = { gte: key(0), lt: Buffer.from('\u0001row\u0001') }

test('written, read in every way, and there again after reopening', async () => {
  const options = shardOptions(await temporaryDirectory())
  const made = await createShards(options)
  const [one, two] = [made.shard(0), made.shard(1)]
  for (let row = 0; row < 2500; row++) one.writer.put(key(row), payload(row))
  two.writer.put(key(1), payload('of two'))
  two.writer.put(key(2), payload(''))
  two.writer.del(key(2))
  await made.flush()

  expect((await one.get(key(7)))?.toString()).toBe('payload 7')
  expect(one.getSync(key(8))?.toString()).toBe('payload 8')
  expect(await two.get(key(7))).toBeUndefined()
  expect(two.getSync(key(2))).toBeUndefined()
  expect(texts(await one.getMany([key(9), key('none'), key(1)]))).toEqual([
    'payload 9',
    undefined,
    'payload 1',
  ])
  const rows = await one.rows(all, 3)
  expect(rows.map(([at, value]) => [at.toString(), value.toString()])).toEqual(
    [0, 1, 2].map((row) => [key(row).toString(), `payload ${row}`]),
  )
  expect(texts((await one.rows({ ...all, reverse: true }, 2)).map(([, value]) => value))).toEqual([
    'payload 2499',
    'payload 2498',
  ])
  expect(await one.rows(all, 2100)).toHaveLength(2100)
  expect(await one.rows(all, 0)).toEqual([])
  expect(await one.rows({ gte: key(5), lt: key(5) }, 10)).toEqual([])
  let scanned = 0
  for await (const [at] of one.scan(all)) expect(at.toString()).toBe(key(scanned++).toString())
  expect(scanned).toBe(2500)

  expect(await made.stats()).toMatchObject([
    { shard: 0, rowsWritten: 2500, level0Files: 0, files: expect.any(Number) },
    { shard: 1, rowsWritten: 3, memoryBytes: expect.any(Number) },
  ])
  expect(() => made.shard(2)).toThrow(RangeError)
  await made.checkpoint({ position: 42, epoch: 9 })
  await made.close()
  await expect(one.get(key(7))).rejects.toMatchObject({ code: 'CLOSED' })
  expect(thrownBy(() => one.getSync(key(7)))).toMatchObject({ code: 'CLOSED' })
  await expect(one.rows(all, 1)).rejects.toMatchObject({ code: 'CLOSED' })
  expect(thrownBy(() => one.snapshot())).toMatchObject({ code: 'CLOSED' })

  const opened = await openShards(options, 42)
  expect(opened.checkpoints).toEqual([
    { position: 42, epoch: 9 },
    { position: 42, epoch: 9 },
  ])
  expect((await opened.shard(0).get(key(2499)))?.toString()).toBe('payload 2499')
  expect((await opened.shard(1).get(key(1)))?.toString()).toBe('payload of two')
})

test('what a closed one is asked about itself is CLOSED', async () => {
  const made = await createShards(shardOptions(await temporaryDirectory()))
  await made.close()
  expect(thrownBy(() => made.shard(0).tables())).toMatchObject({ code: 'CLOSED', details: { shard: 0 } })
  expect(await rejectionOf(made.stats())).toMatchObject({ code: 'CLOSED', details: { shard: 0 } })
})

test('a snapshot shows the moment in which it was taken', async () => {
  const shards = await createShards(shardOptions(await temporaryDirectory(), { count: 1 }))
  const shard = shards.shard(0)
  shard.writer.put(key(1), payload('old'))
  await shards.flush()
  const snapshot = shard.snapshot()
  shard.writer.put(key(1), payload('new'))
  shard.writer.put(key(2), payload('new'))
  await shards.flush()
  expect((await shard.get(key(1), snapshot))?.toString()).toBe('payload old')
  expect(shard.getSync(key(1), snapshot)?.toString()).toBe('payload old')
  expect(texts(await shard.getMany([key(1), key(2)], snapshot))).toEqual(['payload old', undefined])
  expect(await shard.rows({ ...all, snapshot }, 10)).toHaveLength(1)
  expect((await shard.get(key(1)))?.toString()).toBe('payload new')
  snapshot.close()
  await expect(shard.get(key(1), snapshot)).rejects.toMatchObject({ code: 'CLOSED' })
})

test('where reads at once are wanted a row is there in the same step, and its key may be used again', async () => {
  const pace = new ReadPace(true, timelessMeter)
  const shards = await createShards({ ...shardOptions(await temporaryDirectory(), { count: 1 }), pace })
  const shard = shards.shard(0)
  shard.writer.put(key(1), payload(1))
  await shards.flush()
  expect(shard.read(key(1))).toEqual(payload(1))
  expect(shard.read(key(2))).toBeUndefined()
  const others = await createShards(shardOptions(await temporaryDirectory(), { count: 1 }))
  const other = others.shard(0)
  other.writer.put(key(1), payload(1))
  await others.flush()
  const wanted = Buffer.from(key(1))
  const read = other.read(wanted)
  wanted.fill(0)
  expect(read).toBeInstanceOf(Promise)
  expect(await read).toEqual(payload(1))
  expect(other.readNow(key(1), () => 'later')).toBe('later')
})

test('a scan that is left early holds nothing open', async () => {
  const shards = await createShards(shardOptions(await temporaryDirectory(), { count: 1 }))
  const shard = shards.shard(0)
  for (let row = 0; row < 3000; row++) shard.writer.put(key(row), payload(row))
  await shards.flush()
  for await (const [at] of shard.scan(all)) if (at.equals(key(3))) break
  await shards.close()
})

test('a damaged value is CORRUPT with its shard, and a scan can go on behind it', async () => {
  const shards = await createShards(shardOptions(await temporaryDirectory()))
  const shard = shards.shard(1)
  shard.writer.put(key(1), payload(1))
  shard.writer.putSealed(key(2), Buffer.from('not sealed'))
  shard.writer.put(key(3), payload(3))
  await shards.flush()
  const corrupt = { code: 'CORRUPT', details: { shard: 1 } }
  await expect(shard.get(key(2))).rejects.toMatchObject(corrupt)
  expect(thrownBy(() => shard.getSync(key(2)))).toMatchObject(corrupt)
  await expect(shard.getMany([key(1), key(2)])).rejects.toMatchObject(corrupt)
  await expect(shard.rows(all, 10)).rejects.toMatchObject(corrupt)
  const found: string[] = []
  for await (const [, value] of shard.scan(all, (at) =>
    found.push(`damaged ${at.subarray(-4).toString()}`),
  )) {
    found.push(value.toString())
  }
  expect(found).toEqual(['payload 1', 'damaged 0002', 'payload 3'])
  const scanning = async () => {
    for await (const row of shard.scan(all)) expect(row).toHaveLength(2)
  }
  await expect(scanning()).rejects.toMatchObject(corrupt)
})

test('after a checkpoint the rows outlast the loss of every log of LevelDB', async () => {
  const directory = await temporaryDirectory()
  const options = shardOptions(directory)
  const shards = await createShards(options)
  for (let row = 0; row < 200; row++) shards.shard(row % 2).writer.put(key(row), payload(row))
  await shards.checkpoint({ position: 200, epoch: 1 })
  shards.shard(0).writer.put(key('lost'), payload('lost'))
  await shards.flush()
  const copy = await temporaryDirectory()
  // Not only the logs: whoever copies LOCK would make this process lose its lock on it.
  await cp(directory, copy, { recursive: true, filter: (path) => !/\.log$|LOCK$/.test(path) })
  const after = await openShards({ ...options, directory: copy }, 200)
  expect(await after.shard(0).rows(all, 1000)).toHaveLength(100)
  expect(await after.shard(1).rows(all, 1000)).toHaveLength(100)
  expect(await after.shard(0).get(key('lost'))).toBeUndefined()
})

test('what an interrupted creation left is made anew', async () => {
  const directory = await temporaryDirectory()
  const options = shardOptions(directory)
  const made = await createShards(options)
  // Of users there is nothing before all shards are made.
  const own = Buffer.of(0, 9)
  made.shard(0).writer.put(own, payload(1))
  await made.flush()
  await made.close()
  await rm(join(directory, 'shards/0000/CURRENT'))
  const again = await createShards(options)
  expect(await again.shard(0).get(own)).toBeUndefined()
  await again.close()
  await openShards(options)
})

describe('refused at opening, and nothing stays open', () => {
  const shardsOf = (directory: string, index: number) => join(directory, 'shards', `000${index}`)

  async function closedStore() {
    const directory = await temporaryDirectory()
    const options = shardOptions(directory, { count: 3 })
    const shards = await createShards(options)
    await shards.checkpoint({ position: 10, epoch: 1 })
    await shards.close()
    return { directory, options }
  }

  test('a missing shard, and all of them', async () => {
    const { directory, options } = await closedStore()
    await rm(shardsOf(directory, 1), { recursive: true })
    const corrupt = { code: 'CORRUPT', details: { shard: 1, file: shardsOf(directory, 1) } }
    expect(await rejectionOf(openShards(options))).toMatchObject(corrupt)
    expect(await readdir(join(directory, 'shards'))).toEqual(['0000', '0002'])
    await rm(join(directory, 'shards'), { recursive: true })
    expect(await rejectionOf(openShards(options))).toMatchObject({ code: 'CORRUPT', details: { shard: 0 } })
  })

  test('an empty directory in the place of a shard', async () => {
    const { directory, options } = await closedStore()
    for (const name of await readdir(shardsOf(directory, 2))) await rm(join(shardsOf(directory, 2), name))
    expect(await rejectionOf(openShards(options))).toMatchObject({ code: 'CORRUPT', details: { shard: 2 } })
  })

  test('one too many; other names do not matter', async () => {
    const { directory, options } = await closedStore()
    await cp(shardsOf(directory, 0), join(directory, 'shards', 'backup of 0000'), { recursive: true })
    await (await openShards(options)).close()
    await cp(shardsOf(directory, 0), shardsOf(directory, 3), { recursive: true })
    expect(await rejectionOf(openShards(options))).toMatchObject({ code: 'CORRUPT', details: { shard: 3 } })
  })

  test('two that changed places', async () => {
    const { directory, options } = await closedStore()
    await cp(shardsOf(directory, 0), join(directory, 'aside'), { recursive: true })
    await rm(shardsOf(directory, 0), { recursive: true })
    await cp(shardsOf(directory, 1), shardsOf(directory, 0), { recursive: true })
    expect(String(await rejectionOf(openShards(options)))).toContain('is shard 1, not 0')
  })

  test('one of another store, one that the manifest does not name, and one without an identity', async () => {
    const { directory, options } = await closedStore()
    const other = await closedStore()
    expect(String(await rejectionOf(openShards({ ...options, storeId: new Uint8Array(16) })))).toContain(
      'another store',
    )
    const shardIds = [...options.shardIds.slice(0, 2), new Uint8Array(16)]
    expect(String(await rejectionOf(openShards({ ...options, shardIds })))).toContain('another shard')
    await rm(shardsOf(directory, 1), { recursive: true })
    await cp(shardsOf(other.directory, 1), shardsOf(directory, 1), { recursive: true })
    expect(await rejectionOf(openShards(options))).toMatchObject({ code: 'CORRUPT', details: { shard: 1 } })
    await rm(shardsOf(directory, 1), { recursive: true })
    const foreign = new ClassicLevel(shardsOf(directory, 1))
    await foreign.put('a', 'b')
    await foreign.close()
    expect(String(await rejectionOf(openShards(options)))).toContain('does not say')
  })

  test('one that is older than the manifest', async () => {
    const { options } = await closedStore()
    const error = await rejectionOf(openShards(options, 11))
    expect(error).toMatchObject({ code: 'CORRUPT', details: { shard: 0 } })
    expect(String(error)).toContain('older copy')
    await openShards(options, 10)
  })
})

import { expect, test } from 'vitest'
import { openClassicLevel } from '../../src/local/shards/classic-level-opener.js'
import type { ShardOpener } from '../../src/local/shards/shard-database.js'
import { crashVariants, openCrashStore } from '../crash/crash-store.js'
import type { CrashVariant } from '../crash/crash-store.js'
import { copyOfKilled } from '../fixtures/copy-of-killed.js'
import { Gate } from '../fixtures/gate.js'
import { openLocalStore } from '../fixtures/local-store.js'
import { temporaryDirectory } from '../fixtures/temporary-directory.js'

test('checkpoints asked for all at once, while generations are flushed, neither lose one nor hang', async () => {
  const location = await temporaryDirectory()
  const variant = crashVariants[0] as CrashVariant
  const store = await openCrashStore({ location, variant })
  const text = 'x'.repeat(200)
  const sends: Promise<unknown>[] = []
  const checkpoints: Promise<unknown>[] = []
  for (let n = 0; n < 120; n++) {
    sends.push(store.sendMessage({ sender: 'ann', receiver: `user ${n % 7}`, id: String(n), text }))
    if (n % 6 === 0) checkpoints.push(store.admin.checkpoint(), store.admin.checkpoint())
    if (n % 25 === 0) await Promise.race([checkpoints.at(-1), sends.at(-1)])
  }
  await Promise.all([...sends, ...checkpoints])
  expect(await store.admin.verify()).toMatchObject({ ok: true })
  await store.close()
  const reopened = await openCrashStore({ location, variant })
  const { items } = await reopened.getConversations('ann')
  expect(items.reduce((sum, { headSeq }) => sum + headSeq, 0)).toBe(120)
  expect(await reopened.admin.verify()).toMatchObject({ ok: true })
  await reopened.close()
})

test('what is sent while a checkpoint waits for its flush is above it, and there behind a kill', async () => {
  const location = await temporaryDirectory()
  const gate = new Gate()
  let isHeld = false
  let begin = (): void => undefined
  const begun = new Promise<void>((resolve) => {
    begin = resolve
  })
  const opener: ShardOpener = async (directory, options) => {
    const database = await openClassicLevel(directory, options)
    const batch = database.batch.bind(database)
    const held = () => {
      const made = batch()
      const write = made.write.bind(made)
      return Object.assign(made, {
        write: async () => {
          if (isHeld) begin()
          if (isHeld) await gate.opened
          return write()
        },
      })
    }
    return Object.assign(database, { batch: held })
  }
  const store = await openLocalStore(location, { local: { opener } })
  const send = (text: string) => store.sendMessage({ sender: 'ann', receiver: 'ben', text })
  await send('flushed')
  isHeld = true
  const checkpoint = store.admin.checkpoint()
  await begun
  await send('sent meanwhile')
  gate.open()
  await checkpoint
  const again = await openLocalStore(await copyOfKilled(location))
  const { items } = await again.getMessages('ben', { peer: 'ann' })
  expect(items.map(({ text }) => text)).toEqual(['sent meanwhile', 'flushed'])
})

test('a checkpoint that leaves no evidence is told, reads go on, and the store closes and opens again', async () => {
  const location = await temporaryDirectory()
  let lies = false
  const opener: ShardOpener = async (directory, options) => {
    const database = await openClassicLevel(directory, options)
    return new Proxy(database, {
      get(target, name) {
        // LevelDB says so when its compaction has failed, too.
        if (name === 'compactRange' && lies) return () => Promise.resolve()
        const value: unknown = Reflect.get(target, name)
        return typeof value === 'function' ? (value.bind(target) as unknown) : value
      },
    })
  }
  const variant = crashVariants[0] as CrashVariant
  const store = await openCrashStore({ location, variant, opener })
  lies = true
  const send = { sender: 'ann', receiver: 'bob', id: '1', text: 'hello' }
  await store.sendMessage(send)
  await expect(store.admin.checkpoint()).rejects.toMatchObject({ code: 'POISONED' })
  await expect(store.sendMessage({ ...send, id: '2' })).rejects.toMatchObject({ code: 'POISONED' })
  expect((await store.getMessages('bob', { peer: 'ann' })).items).toHaveLength(1)
  await store.close()
  lies = false
  const reopened = await openCrashStore({ location, variant, opener })
  expect(await reopened.sendMessage(send)).toMatchObject({ seq: 1, duplicate: true })
  await reopened.close()
})

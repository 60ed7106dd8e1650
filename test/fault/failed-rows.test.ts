import { expect, onTestFinished, test } from 'vitest'
import { groupPrefix, keys } from '../../src/formats/keys.js'
import { openClassicLevel } from '../../src/local/shards/classic-level-opener.js'
import type { ShardOpener } from '../../src/local/shards/shard-database.js'
import { systemClock } from '../../src/platform/clock.js'
import { localHost } from '../histories/hosts.js'

/** Shards in which one row cannot be read. */
function failingAt(failing: { key: Buffer | null }): ShardOpener {
  return async (location, options) => {
    const database = await openClassicLevel(location, options)
    const get = database.get.bind(database)
    database.get = async (key, given) => {
      if (failing.key?.equals(key) === true) throw new Error('the disk cannot read this')
      return get(key, given)
    }
    return database
  }
}

/** Rejections that nobody heard of while the test ran: they end a process. */
function unheard(): readonly unknown[] {
  const found: unknown[] = []
  const listener = (error: unknown): void => void found.push(error)
  process.on('unhandledRejection', listener)
  onTestFinished(() => void process.off('unhandledRejection', listener))
  return found
}

test('a membership that cannot be read is told to who sends, and ends no process', async () => {
  const failing: { key: Buffer | null } = { key: null }
  const host = await localHost({ tuning: { fanOut: 2, readsNow: false } }, { opener: failingAt(failing) })
  onTestFinished(host.destroy)
  const first = await host.open()
  await first.groups.create({ creator: 'owner', members: ['x', 'y', 'z'], id: 'g' })
  await first.close()

  const store = await host.open()
  onTestFinished(() => store.close())
  const lost = unheard()
  const message = { sender: 'x', conversationId: 'g', text: 'hello', id: 'one' }
  failing.key = keys.member(groupPrefix('g'), 'x')
  await expect(store.sendMessage(message)).rejects.toMatchObject({ code: 'CORRUPT' })
  await expect(store.sendMessage(message)).rejects.toMatchObject({ code: 'CORRUPT' })
  for (let i = 0; i < 5; i++) await systemClock.yield()
  expect(lost).toEqual([])

  failing.key = null
  expect(await store.sendMessage(message)).toMatchObject({ seq: 1, duplicate: false })
})

import { expect, onTestFinished, test } from 'vitest'
import type { FileSystem } from '../../src/platform/file-system.js'
import { nodeFileSystem } from '../../src/platform/node-file-system.js'
import { Gate } from '../fixtures/gate.js'
import { openLocalStore } from '../fixtures/local-store.js'
import { temporaryDirectory } from '../fixtures/temporary-directory.js'

test.each([
  ['a direct conversation', { receiver: 'ben' }],
  ['a group', { conversationId: 'group' }],
])('a message in %s that is written, and not durable yet, is seen by nobody', async (_, place) => {
  const gate = new Gate()
  const log = { isHeld: false, hangs: (): void => undefined }
  const hanging = new Promise<void>((resolve) => {
    log.hangs = resolve
  })
  const held = async <T>(done: T): Promise<T> => {
    if (log.isHeld) log.hangs()
    if (log.isHeld) await gate.opened
    return done
  }
  const fileSystem: FileSystem = {
    ...nodeFileSystem,
    open: async (path, mode) => {
      const handle = await nodeFileSystem.open(path, mode)
      if (!path.includes('/log/')) return handle
      const sync = handle.sync.bind(handle)
      const writeSynced = handle.writeSynced.bind(handle)
      return Object.assign(handle, {
        sync: async () => held(await sync()),
        writeSynced: async (data: Uint8Array, position: number) => held(await writeSynced(data, position)),
      })
    },
  }
  const store = await openLocalStore(await temporaryDirectory(), { fileSystem })
  onTestFinished(() => gate.open())
  await store.groups.create({ creator: 'ann', members: ['ben'], id: 'group' })
  const send = (text: string) => store.sendMessage({ sender: 'ann', ...place, text })
  const { conversationId } = await send('one')
  const seenBy = async (user: string) => {
    const { headSeq, lastMessage } = (await store.getConversations(user)).items[0] ?? {}
    const { items } = await store.getMessages(user, conversationId)
    return [headSeq, lastMessage?.text, items.map(({ text }) => text)]
  }

  // No reader has looked yet, who would be answered with what was shown before.
  log.isHeld = true
  const sending = send('two')
  await hanging
  const one = [1, 'one', ['one']]
  expect([await seenBy('ann'), await seenBy('ben')]).toEqual([one, one])
  gate.open()
  await sending
  const two = [2, 'two', ['two', 'one']]
  expect([await seenBy('ann'), await seenBy('ben')]).toEqual([two, two])
})

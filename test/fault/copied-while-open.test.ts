import { execFile } from 'node:child_process'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import type { MessageStore } from '../../src/api/message-store.js'
import { isColumbaError } from '../../src/errors.js'
import type { Message } from '../../src/index.js'
import { openCrashStore, variantNamed } from '../crash/crash-store.js'
import { temporaryDirectory } from '../fixtures/temporary-directory.js'

const run = promisify(execFile)
const variant = variantNamed('a flush every few messages')
const users = ['ann', 'bob', 'cid', 'dan']

const request = (n: number) => {
  const [sender, receiver] = [users[n % 4] as string, users[(n * 3 + 1) % 4] as string]
  return { sender, receiver, id: String(n), text: `message ${n} `.repeat(12) }
}

/** Sends without end, eight at a time, until it is told to stop. */
function traffic(store: MessageStore) {
  const acknowledged = new Map<number, number>()
  let next = 0
  let ended = false
  const one = async (): Promise<void> => {
    while (!ended) {
      const n = next++
      const { seq } = await store.sendMessage(request(n))
      acknowledged.set(n, seq)
    }
  }
  const all = Promise.all(Array.from({ length: 8 }, one))
  const stop = async (): Promise<void> => {
    ended = true
    await all
  }
  return { acknowledged, stop }
}

/** What somebody has from a copy who takes it for a store all the same. */
async function answerOf(copy: string, acknowledged: ReadonlyMap<number, number>): Promise<string> {
  try {
    const store = await openCrashStore({ location: copy, variant })
    try {
      if (!(await store.admin.verify()).ok) return 'told by verify'
      for (const user of users) {
        const seen = new Map<string, Message>()
        for (const { id } of (await store.getConversations(user)).items)
          for (const message of (await store.getMessages(user, id, { limit: 1000 })).items)
            seen.set(message.id, message)
        for (const [n, seq] of acknowledged) {
          const { sender, receiver, id, text } = request(n)
          if (user !== sender && user !== receiver) continue
          const found = seen.get(id)
          if (found?.seq !== seq || found.text !== text) return `WRONG: ${n} of ${user}`
        }
      }
      return 'recovered'
    } finally {
      await store.close().catch(() => undefined)
    }
  } catch (error) {
    return isColumbaError(error) ? error.code : `UNTYPED ${String(error)}`
  }
}

test('a copy of a store that works is refused, or has all that was acknowledged before, or verify tells', async () => {
  const desk = await temporaryDirectory()
  const location = join(desk, 'store')
  const store = await openCrashStore({ location, variant })
  const { acknowledged, stop } = traffic(store)
  const copies: { readonly copy: string; readonly before: ReadonlyMap<number, number> }[] = []
  for (let time = 1; time <= 4; time++) {
    while (acknowledged.size < time * 60) await new Promise((resolve) => setImmediate(resolve))
    const copy = join(desk, `copy-${time}`)
    const before = new Map(acknowledged)
    // Files that go meanwhile are an error of `cp`, which whoever makes such a copy may not see.
    await run('cp', ['-r', location, copy]).catch(() => undefined)
    copies.push({ copy, before })
  }
  await stop()
  // Its lock says that this process has it open.
  const [one] = copies
  await expect(openCrashStore({ location: one?.copy ?? '', variant })).rejects.toMatchObject({
    code: 'LOCKED',
  })
  for (const { copy, before } of copies) {
    await rm(join(copy, 'LOCK.json'))
    expect(['recovered', 'CORRUPT', 'told by verify']).toContain(await answerOf(copy, before))
  }
  await store.close()
})

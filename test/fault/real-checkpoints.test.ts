import { expect, test } from 'vitest'
import { crashVariants, openCrashStore } from '../crash/crash-store.js'
import type { CrashVariant } from '../crash/crash-store.js'
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

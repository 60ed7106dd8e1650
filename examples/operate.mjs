// Options, reopening, and what an operator looks at.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isColumbaError, openMessageStore } from 'columba'

const location = await mkdtemp(join(tmpdir(), 'columba-'))
try {
  // The number of shards is fixed at creation; the rest may differ at each opening.
  const store = await openMessageStore({ location, shards: 4, cache: { maxBytes: 32 * 1024 * 1024 } })
  await store.sendMessage({ sender: 'ann', receiver: 'bob', text: 'Acknowledged means on disk' })

  // One store, one opener.
  try {
    await openMessageStore({ location })
  } catch (error) {
    if (!isColumbaError(error, 'LOCKED')) throw error
    console.log('second opening:', error.code)
  }
  await store.close()

  const reopened = await openMessageStore({ location })
  console.log((await reopened.getMessages('bob', { peer: 'ann' })).items[0].text)
  await reopened.admin.checkpoint()
  const { ok, findings } = await reopened.admin.verify()
  console.log('verified:', ok, findings.length, 'findings')
  console.log('backend:', (await reopened.admin.stats()).backend)
  await reopened.close()
} finally {
  await rm(location, { recursive: true })
}

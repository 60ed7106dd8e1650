// Options, reopening, and what an operator looks at.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isColumbaError, openMessageStore } from 'columba'

const location = await mkdtemp(join(tmpdir(), 'columba-'))
try {
  // The numbers of shards and of their places on the ring are fixed at creation; the rest may differ at each opening.
  const counts = new Map()
  const metrics = {
    count: (name, by) => counts.set(name, (counts.get(name) ?? 0) + by),
    observe: (name, value) => counts.set(name, Math.max(counts.get(name) ?? 0, value)),
  }
  const store = await openMessageStore(
    { location, shards: 4, cache: { maxBytes: 32 * 1024 * 1024 } },
    { metrics, logger: { info: console.log, warn: console.warn, error: console.error } },
  )
  await store.sendMessage({ sender: 'ann', receiver: 'bob', text: 'Acknowledged means on disk' })

  // One store, one opener.
  try {
    await openMessageStore({ location })
  } catch (error) {
    if (!isColumbaError(error, 'LOCKED')) throw error
    console.log('second opening:', error.code)
  }
  await store.close()
  console.log(
    `${counts.get('log.records')} records, slowest commit ${counts.get('log.commit.ms').toFixed(1)} ms`,
  )

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

// Users, contacts and blocks, in a store that knows registered users only.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isColumbaError, openMessageStore } from 'columba'

const location = await mkdtemp(join(tmpdir(), 'columba-'))
const store = await openMessageStore({ location, users: 'registered' })
try {
  await store.users.register({ id: 'ann', name: 'Ann', profile: { city: 'Oslo' } })
  await store.users.register({ id: 'bob', name: 'Bob' })
  await store.users.update('ann', { name: 'Ann B.' })
  console.log(await store.users.get('ann'))

  await store.contacts.add('ann', 'bob', { alias: 'Bobby' })
  await store.contacts.block('ann', 'bob')
  console.log((await store.contacts.list('ann')).items)

  // A block refuses direct messages to who blocked; the other way is free.
  try {
    await store.sendMessage({ sender: 'bob', receiver: 'ann', text: 'Hello?' })
  } catch (error) {
    if (!isColumbaError(error, 'BLOCKED')) throw error
    console.log('refused:', error.code)
  }
  await store.contacts.unblock('ann', 'bob')
  console.log('number', (await store.sendMessage({ sender: 'bob', receiver: 'ann', text: 'Hello!' })).seq)
} finally {
  await store.close()
  await rm(location, { recursive: true })
}

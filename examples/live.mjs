// What a connection to a client does: follow the feed of its user until the client goes.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openMessageStore } from 'columba'

const location = await mkdtemp(join(tmpdir(), 'columba-'))
const store = await openMessageStore({ location })
try {
  const connection = new AbortController()
  const changes = store.subscribe('bob', { signal: connection.signal })

  async function follow() {
    for await (const change of changes) {
      if (change.kind !== 'message') continue
      console.log('to the client:', change.message.text)
      // A client that comes back goes on behind `change.position`: subscribe(user, { since: position }).
      if (change.message.text === 'bye') connection.abort()
    }
    console.log('the subscription has ended')
  }

  const following = follow()
  for (const text of ['hello', 'how are you', 'bye'])
    await store.sendMessage({ sender: 'ann', receiver: 'bob', text })
  await following
} finally {
  await store.close()
  await rm(location, { recursive: true })
}

// Opens a store, sends two messages, looks at a conversation.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openMessageStore } from 'columba'

const location = await mkdtemp(join(tmpdir(), 'columba-'))
const store = await openMessageStore({ location })
try {
  const receipt = await store.sendMessage({ sender: 'ann', receiver: 'bob', text: 'Hello Bob' })
  await store.sendMessage({ sender: 'bob', receiver: 'ann', text: 'Hello Ann' })
  console.log('the first one is number', receipt.seq, 'of', receipt.conversationId)

  const { items } = await store.getMessages('bob', receipt.conversationId)
  for (const { seq, sender, text } of items) console.log(seq, sender, text)
} finally {
  await store.close()
  await rm(location, { recursive: true })
}

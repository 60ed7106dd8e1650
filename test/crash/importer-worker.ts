import { openMessageStore } from '../../src/index.js'

// Somebody who brings many messages into a store, with checkpoints between, in a process that has nothing else to do.
const [location = ''] = process.argv.slice(2)
const store = await openMessageStore({ location })
for (let round = 0; round < 20; round++) {
  for (let wave = 0; wave < 6; wave++) {
    await Promise.all(
      Array.from({ length: 40 }, (_, i) =>
        store.sendMessage({ sender: `sender ${i}`, receiver: 'receiver', text: 'x'.repeat(1000) }),
      ),
    )
  }
  await store.admin.checkpoint()
}
const { items } = await store.getConversations('receiver', { limit: 100 })
await store.close()
console.log(items.map(({ lastMessage }) => lastMessage?.seq).join(' '))

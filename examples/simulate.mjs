// A power cut in the middle of a send, on a machine that does not exist.
import { simulateStore } from 'columba/testing'

const message = (id) => ({ sender: 'ann', receiver: 'bob', id, text: `this is ${id}` })

for (let seed = 1; seed <= 5; seed++) {
  const world = simulateStore({ seed })
  const before = await world.settle(world.open())
  await world.settle(before.sendMessage(message('acknowledged')))

  // Nobody waits for this one: it may be there afterwards, or not.
  before.sendMessage(message('under way')).catch(() => undefined)
  // The world goes on a little for something else.
  await world.settle(before.admin.stats())
  world.restart(0.5)

  const after = await world.settle(world.open())
  const { items } = await world.settle(after.getMessages('bob', { peer: 'ann' }))
  console.log(`seed ${seed}: ${items.map(({ id }) => id).join(', ')}`)

  // Whoever does not know repeats it: then it is there once.
  await world.settle(after.sendMessage(message('under way')))
  const conversation = await world.settle(after.getConversation('bob', { peer: 'ann' }))
  if (conversation?.headSeq !== 2) throw new Error(`${conversation?.headSeq} messages`)
  await world.settle(after.close())
}

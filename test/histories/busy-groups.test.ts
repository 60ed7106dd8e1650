import { expect, test } from 'vitest'
import { openGate } from '../fixtures/gated-shards.js'
import { openGated } from './gated-store.js'

test.each(['list', 'conversation'])(
  'a %s with a group in which others write all the time is answered',
  async (what) => {
    const gate = openGate()
    const store = await openGated(gate, { tuning: { readsNow: false } }, async (first) => {
      await first.groups.create({ creator: 'a', members: ['b'], id: 'g' })
      for (const sender of ['a', 'b']) await first.sendMessage({ sender, conversationId: 'g', text: 'x' })
    })
    await store.sendMessage({ sender: 'b', conversationId: 'g', text: 'y' })
    // During each read of the shard one message of somebody else comes.
    let rounds = 0
    let tooMany = (): void => undefined
    const starved = new Promise<string>((resolve) => {
      tooMany = () => resolve('starved')
    })
    gate.onRead = () => {
      if (++rounds > 200) {
        gate.at = 'nothing'
        tooMany()
      } else
        gate.through = store
          .sendMessage({ sender: 'b', conversationId: 'g', text: `${rounds}` })
          .then(() => undefined)
    }
    gate.at = 'ranges'
    const reading = what === 'list' ? store.getConversations('a') : store.getConversation('a', 'g')
    expect(await Promise.race([starved, reading.then(() => 'answered')])).toBe('answered')
    gate.at = 'nothing'
    await reading
  },
)

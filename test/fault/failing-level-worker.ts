import { writeSync } from 'node:fs'
import { isColumbaError } from '../../src/errors.js'
import { openCrashStore } from '../crash/crash-store.js'
import { messageOf, rowsFillMemory } from './failing-level.js'

// A process that sends until it is refused, and says with one synchronous call each what it was told: of a message that is stored
// its number, of one that is not the code.
const store = await openCrashStore({ location: process.argv[2] ?? '', variant: rowsFillMemory })
for (let from = 0, refused = false; from < 2000 && !refused; from += 20) {
  await Promise.all(
    Array.from({ length: 20 }, async (_, i) => {
      try {
        await store.sendMessage(messageOf(from + i))
        writeSync(1, `${from + i}\n`)
      } catch (error) {
        if (!isColumbaError(error)) throw error
        refused = true
        writeSync(1, `${error.code}\n`)
      }
    }),
  )
}
const { items } = await store.getConversations('ann', { limit: 5 })
writeSync(1, `read ${items.length}\n`)
await store.close()
writeSync(1, 'closed\n')

import { writeSync } from 'node:fs'
import { openCrashStore } from './crash-store.js'
import { largeMessage, largeTalk, messagesPerWave } from './large-talk.js'

// A process that sends large messages until it is killed. It says when a flush thread is made, and of each
// acknowledgement, with one synchronous call each: `number seq`.
process.on('worker', () => writeSync(1, 'thread\n'))
const store = await openCrashStore({ location: process.argv[2] ?? '', variant: largeTalk })
for (let from = Number(process.argv[3]); ; from += messagesPerWave) {
  await Promise.all(
    Array.from({ length: messagesPerWave }, async (_, i) => {
      const { seq } = await store.sendMessage(largeMessage(from + i))
      writeSync(1, `${from + i} ${seq}\n`)
    }),
  )
}

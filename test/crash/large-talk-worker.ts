import { writeSync } from 'node:fs'
import { openCrashStore } from './crash-store.js'
import { largeMessage, largeTalk, messagesPerWave } from './large-talk.js'

// A process that sends large messages until it is killed. It says when a flush thread is made, and of each
// acknowledgement, with one synchronous call each: `number seq`.
process.on('worker', () => say('thread\n'))
const store = await openCrashStore({ location: process.argv[2] ?? '', variant: largeTalk })
for (let from = Number(process.argv[3]); ; from += messagesPerWave) {
  await Promise.all(
    Array.from({ length: messagesPerWave }, async (_, i) => {
      const { seq } = await store.sendMessage(largeMessage(from + i))
      say(`${from + i} ${seq}\n`)
    }),
  )
}

/** Again as long as whoever reads is behind. */
function say(line: string): void {
  for (;;) {
    try {
      writeSync(1, line)
      return
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1)
    }
  }
}

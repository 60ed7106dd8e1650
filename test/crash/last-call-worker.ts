import { openCrashStore } from './crash-store.js'
import { largeMessage, merging, messagesPerWave, slowTidy } from './large-talk.js'

// A process whose last call, `close` or `verify`, comes in the middle of a merge, with nothing else that keeps it alive.
const [location = '', call = ''] = process.argv.slice(2)
const store = await openCrashStore({ location, variant: slowTidy })
for (let wave = 0; wave < 24; wave++) {
  const from = wave * messagesPerWave
  await Promise.all(
    Array.from({ length: messagesPerWave }, (_, i) => store.sendMessage(largeMessage(from + i))),
  )
}
await store.admin.checkpoint()
await merging(store)
console.log('merging')
if (call === 'verify') await store.admin.verify()
await store.close()
console.log('done')

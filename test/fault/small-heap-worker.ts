import { writeSync } from 'node:fs'
import { openCrashStore, variantNamed } from '../crash/crash-store.js'

// A process that sends until its heap is full, because of what it hoards itself from a certain message on. It says of each
// acknowledgement, with one synchronous call each: `number seq`. Its standard output is a file.
const [location = '', from = '0', hoardFrom = '0'] = process.argv.slice(2)
const hoard: unknown[] = []
const store = await openCrashStore({ location, variant: variantNamed('several generations in one segment') })
for (let first = Number(from); ; first += 64) {
  await Promise.all(
    Array.from({ length: 64 }, async (_, i) => {
      const id = String(first + i)
      const { seq } = await store.sendMessage({ sender: 'ann', receiver: 'bob', id, text: id.repeat(100) })
      writeSync(1, `${id} ${seq}\n`)
      if (first + i >= Number(hoardFrom)) hoard.push(Array.from({ length: 8000 }, () => ({})))
    }),
  )
}

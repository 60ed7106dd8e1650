import fs from 'node:fs'
import { parentPort, workerData } from 'node:worker_threads'

// A thread in which the system is taken for Windows, where nobody opens a directory to sync it. LevelDB is that of this one.
await import('classic-level')
Object.defineProperty(process, 'platform', { value: 'win32' })
let refused = 0
const { open } = fs.promises
Object.assign(fs.promises, {
  open: async (path: string, ...rest: [flags?: string, mode?: number]) => {
    if (fs.statSync(path, { throwIfNoEntry: false })?.isDirectory() !== true) return open(path, ...rest)
    refused++
    throw Object.assign(new Error(`EPERM: operation not permitted, open '${path}'`), {
      code: 'EPERM',
      syscall: 'open',
    })
  },
})

const { openMessageStore } = await import('../../src/index.js')
const seqs: number[] = []
for (let time = 1; time <= 3; time++) {
  const store = await openMessageStore({ location: workerData as string })
  for (let n = 0; n < 10; n++)
    seqs.push((await store.sendMessage({ sender: 'ann', receiver: 'bob', text: 'hello' })).seq)
  await store.admin.checkpoint()
  await store.close()
}
parentPort?.postMessage({ refused, seqs })

import { parentPort, workerData } from 'node:worker_threads'

/** Posts a message every `workerData` milliseconds; those that were missed are not made up for. */
const asleep = new Int32Array(new SharedArrayBuffer(4))
for (let next = performance.now(); ;) {
  next += workerData as number
  const left = next - performance.now()
  if (left > 0) Atomics.wait(asleep, 0, 0, left)
  else next = performance.now()
  parentPort?.postMessage(null)
}

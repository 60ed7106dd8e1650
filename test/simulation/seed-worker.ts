import { parentPort } from 'node:worker_threads'
import { runSeeds } from './run-seeds.js'

// A thread that runs the seeds that it is told, some at a time.

parentPort?.on('message', ({ first, count }: { readonly first: number; readonly count: number }) => {
  void runSeeds(first, count).then((run) => parentPort?.postMessage(run))
})

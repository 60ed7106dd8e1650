import { parentPort } from 'node:worker_threads'
import { runSeeds } from './run-seeds.js'

// A thread that runs the seeds that it is told, some at a time.

// Calls that are refused are part of every seed, and nobody reads where: who replays a finding alone has its stack.
Error.stackTraceLimit = 0

parentPort?.on('message', ({ first, count }: { readonly first: number; readonly count: number }) => {
  void runSeeds(first, count).then((run) => parentPort?.postMessage(run))
})

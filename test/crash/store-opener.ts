import { parentPort } from 'node:worker_threads'
import { isColumbaError, openMessageStore } from '../../src/index.js'

// A process or a worker thread that opens the store of its argument, says what came of it, and stays.
const say = (answer: unknown): void => {
  if (parentPort === null) process.send?.(answer)
  else parentPort.postMessage(answer)
}

try {
  await openMessageStore({ location: process.argv[2] ?? '' })
  say({ opened: true })
} catch (error) {
  say(isColumbaError(error) ? { code: error.code, pid: error.details['pid'] } : { code: String(error) })
}
process.on('message', () => undefined)

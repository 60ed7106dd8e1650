import { getPriority } from 'node:os'
import { Worker } from 'node:worker_threads'
import { once } from 'node:events'
import { expect, test } from 'vitest'

const module = new URL('../../../src/platform/thread-priority.js', import.meta.url).href

/** The nice values of a thread before and after it has asked for `steps`. */
async function inThread(steps: readonly number[]): Promise<number[]> {
  const body = `
    import { getPriority } from 'node:os'
    import { parentPort } from 'node:worker_threads'
    import { yieldProcessors } from ${JSON.stringify(module)}
    const seen = [getPriority(0)]
    for (const steps of ${JSON.stringify(steps)}) {
      yieldProcessors(steps)
      seen.push(getPriority(0))
    }
    parentPort.postMessage(seen)
  `
  const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(body)}`))
  const [seen] = (await once(worker, 'message')) as [number[]]
  await worker.terminate()
  return seen
}

test.runIf(process.platform === 'linux')(
  'one thread steps back, the others stay where they are',
  async () => {
    const before = getPriority(0)
    const [began, after, last] = await inThread([5, 19])
    expect(began).toBe(before)
    expect(after).toBe(Math.min(19, before + 5))
    expect(last).toBe(19)
    expect(getPriority(0)).toBe(before)
  },
)

import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { LocalMessageStore } from '../../src/index.js'

/** What a long life could let grow, at one moment of it. */
export interface Sample {
  readonly sends: number
  readonly seconds: number
  /** Anonymous memory of the process. */
  readonly rssAnonBytes: number
  readonly heapBytes: number
  readonly openFiles: number
  readonly logBytes: number
  readonly directoryBytes: number
}

export async function takeSample(
  store: LocalMessageStore,
  location: string,
  sends: number,
  seconds: number,
): Promise<Sample> {
  const status = await readFile('/proc/self/status', 'latin1')
  const { log } = await store.admin.stats()
  return {
    sends,
    seconds,
    rssAnonBytes: Number(/^RssAnon:\s+(\d+) kB$/m.exec(status)?.[1] ?? NaN) * 1024,
    heapBytes: process.memoryUsage().heapUsed,
    openFiles: (await readdir('/proc/self/fd')).length,
    logBytes: log.bytes,
    directoryBytes: await sizeOf(location),
  }
}

/** Files may go while they are counted. */
async function sizeOf(directory: string): Promise<number> {
  const entries = await readdir(directory, { withFileTypes: true, recursive: true })
  const sizes = entries
    .filter((entry) => entry.isFile())
    .map((entry) =>
      stat(join(entry.parentPath, entry.name)).then(
        ({ size }) => size,
        () => 0,
      ),
    )
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0)
}

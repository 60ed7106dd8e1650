import { openWithCache } from './columba.js'
import type { Contestant, OpenOptions } from './contestant.js'
import { CACHE_BYTES } from './sqlite/tuning.js'

/** Columba with a cache as large as the page cache that SQLite was given, 256 MiB; the default is 64. */
export function open(options: OpenOptions): Promise<Contestant> {
  return openWithCache(options, CACHE_BYTES)
}

export { version } from './columba.js'

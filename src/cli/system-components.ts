import { systemClock } from '../platform/clock.js'
import { nodeFileSystem } from '../platform/node-file-system.js'
import { systemRandom } from '../platform/random.js'

/** What commands give to parts that `openMessageStore` would give them. */
export const systemComponents = {
  clock: systemClock,
  random: systemRandom,
  fileSystem: nodeFileSystem,
  logger: undefined,
  metrics: undefined,
} as const

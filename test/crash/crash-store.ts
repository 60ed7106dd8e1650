import { type LocalMessageStore, MessageStore } from '../../src/api/message-store.js'
import type { Logger, StoreSettings } from '../../src/backend/settings.js'
import { resolveLimits } from '../../src/limits.js'
import { openLocalBackend } from '../../src/local/open-local-backend.js'
import type { ShardOpener } from '../../src/local/shards/shard-database.js'
import type { LocalTuning } from '../../src/local/tuning.js'
import { systemClock } from '../../src/platform/clock.js'
import type { Clock } from '../../src/platform/clock.js'
import { nodeFileSystem } from '../../src/platform/node-file-system.js'
import { systemRandom } from '../../src/platform/random.js'

/** A store made so small that flushes, checkpoints, rotations and evictions happen all the time. */
export interface CrashVariant {
  readonly name: string
  readonly settings: Partial<StoreSettings>
  readonly tuning: Partial<LocalTuning>
}

const KiB = 1024

export const crashVariants: readonly CrashVariant[] = [
  {
    name: 'a flush every few messages',
    settings: { shards: 3, cacheBytes: 16 * KiB, cacheTierSize: 2 },
    tuning: {
      fanOut: 3,
      generationBytes: 2 * KiB,
      segmentBytes: 8 * KiB,
      chunkBytes: 64 * KiB,
      checkpointBytes: 4 * KiB,
      maxWaitingGenerations: 1,
      writeBufferBytes: 64 * KiB,
      batchBytes: 1 * KiB,
    },
  },
  {
    name: 'several generations in one segment',
    settings: { shards: 2, cacheBytes: 64 * KiB, cacheTierSize: 3 },
    tuning: {
      fanOut: 256,
      generationBytes: 16 * KiB,
      segmentBytes: 64 * KiB,
      chunkBytes: 64 * KiB,
      checkpointBytes: 48 * KiB,
      writeBufferBytes: 64 * KiB,
    },
  },
  {
    name: 'one generation over several segments',
    settings: { shards: 1, cacheBytes: 1024 * KiB },
    tuning: {
      fanOut: 1,
      generationBytes: 64 * KiB,
      segmentBytes: 16 * KiB,
      chunkBytes: 64 * KiB,
      checkpointBytes: 128 * KiB,
    },
  },
  { name: 'as it comes', settings: {}, tuning: {} },
  {
    name: 'every flush on its thread',
    settings: { shards: 2, cacheBytes: 64 * KiB, cacheTierSize: 3 },
    tuning: {
      flushThreadBytes: 0,
      generationBytes: 24 * KiB,
      segmentBytes: 64 * KiB,
      chunkBytes: 64 * KiB,
      checkpointBytes: 48 * KiB,
      writeBufferBytes: 64 * KiB,
      tidyFiles: 3,
      tidyRestMs: 1,
    },
  },
]

export function variantNamed(name: string): CrashVariant {
  const found = crashVariants.find((variant) => variant.name === name)
  if (found === undefined) throw new Error(`there is no variant ${name}`)
  return found
}

export interface CrashStoreOptions {
  readonly location: string
  readonly variant: CrashVariant
  readonly clock?: Clock
  readonly logger?: Logger
  readonly opener?: ShardOpener
  readonly settings?: Partial<StoreSettings>
}

export async function openCrashStore({
  location,
  variant,
  clock = systemClock,
  logger,
  opener,
  settings: given,
}: CrashStoreOptions): Promise<LocalMessageStore> {
  const limits = resolveLimits()
  const settings: StoreSettings = {
    location,
    shards: undefined,
    virtualNodes: undefined,
    syncEveryMs: 0,
    cacheBytes: 8 * 1024 * KiB,
    cacheTierSize: 15,
    limits,
    ...variant.settings,
    ...given,
  }
  const components = { clock, random: systemRandom, fileSystem: nodeFileSystem, logger, metrics: undefined }
  // The disks of these tests are small; how the store minds the spare bytes has a test of its own.
  const tuning = { spareBytes: 0, ...variant.tuning }
  const backend = await openLocalBackend(settings, components, {
    tuning,
    ...(opener === undefined ? {} : { opener }),
  })
  return new MessageStore(backend, { limits, clock, usersMode: 'open' })
}

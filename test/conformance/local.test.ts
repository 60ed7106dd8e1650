import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { StoreSettings } from '../../src/backend/settings.js'
import { backendConformance } from '../../src/conformance/backend-conformance.js'
import type { OpenBackend } from '../../src/conformance/opened-backend.js'
import { storeConformance } from '../../src/conformance/store-conformance.js'
import { storeOver } from '../../src/conformance/store-over.js'
import { resolveLimits } from '../../src/limits.js'
import { openLocalBackend } from '../../src/local/open-local-backend.js'
import type { LocalTuning } from '../../src/local/tuning.js'
import { systemClock } from '../../src/platform/clock.js'
import { nodeFileSystem } from '../../src/platform/node-file-system.js'
import { systemRandom } from '../../src/platform/random.js'

const KiB = 1024

const components = {
  clock: systemClock,
  random: systemRandom,
  fileSystem: nodeFileSystem,
  logger: undefined,
  metrics: undefined,
}

interface Variant {
  readonly name: string
  readonly settings: Partial<StoreSettings>
  readonly tuning: Partial<LocalTuning>
  /** A case that takes long where every few writes are flushed. */
  readonly without?: string
}

/** The small ones flush, check point and evict all the time; every group of theirs is a large one. */
const variants: readonly Variant[] = [
  { name: 'as it comes', settings: {}, tuning: {} },
  {
    name: 'small generations, a small cache',
    settings: { shards: 3, cacheBytes: 32 * KiB, cacheTierSize: 2 },
    tuning: { fanOut: 4, generationBytes: 4 * KiB, segmentBytes: 16 * KiB, checkpointBytes: 8 * KiB },
    without: 'long lists come in pages of 1,000, and go on behind them',
  },
  { name: 'large groups only', settings: { shards: 1 }, tuning: { fanOut: 1, generationBytes: 64 * KiB } },
]

function openWith({ settings, tuning }: Variant): OpenBackend {
  return async () => {
    const location = await mkdtemp(join(tmpdir(), 'columba-conformance-'))
    const all: StoreSettings = {
      location,
      shards: 2,
      virtualNodes: 16,
      syncEveryMs: 0,
      cacheBytes: 8 * KiB * KiB,
      cacheTierSize: 15,
      limits: resolveLimits(),
      ...settings,
    }
    const open = () => openLocalBackend(all, components, { tuning })
    let backend = await open()
    return {
      backend,
      async reopen() {
        await backend.close()
        backend = await open()
        return backend
      },
      async dispose() {
        await backend.close()
        await rm(location, { recursive: true, force: true })
      },
    }
  }
}

/** A store has one server at a time; crashes are those of `crashed.test.ts`. */
const cases = backendConformance.filter(({ needs }) => needs === undefined)

describe.each(variants)('the local backend keeps the promises of the port, $name', (variant) => {
  test.each(cases.filter(({ title }) => title !== variant.without))('$title', async ({ run }) => {
    await expect(run(openWith(variant))).resolves.toBeUndefined()
  })
})

describe.each(variants)('the store over the local backend, $name', (variant) => {
  test.each(storeConformance)('$title', async ({ run }) => {
    await expect(run(storeOver(openWith(variant)))).resolves.toBeUndefined()
  })
})

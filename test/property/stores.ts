import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { MessageStore } from '../../src/api/message-store.js'
import { EventualBackend } from '../../src/backend/reference/eventual-backend.js'
import { ReferenceBackend } from '../../src/backend/reference/reference-backend.js'
import type { StoreComponents, StoreSettings } from '../../src/backend/settings.js'
import type { UsersMode } from '../../src/domain/context.js'
import { resolveLimits } from '../../src/limits.js'
import { openLocalBackend } from '../../src/local/open-local-backend.js'
import type { LocalTuning } from '../../src/local/tuning.js'
import { ManualClock } from '../../src/model-checking/manual-clock.js'
import type { StoreUnderTest } from '../../src/model-checking/store-under-test.js'
import type { FileSystem } from '../../src/platform/file-system.js'
import { nodeFileSystem } from '../../src/platform/node-file-system.js'
import { systemRandom } from '../../src/platform/random.js'

function settings(clock: ManualClock, usersMode: UsersMode = 'open') {
  return { limits: resolveLimits(), clock, usersMode }
}

/** The store over the backend that keeps everything in memory in the most obvious way. */
export function underReference(usersMode: UsersMode = 'open'): StoreUnderTest {
  const clock = new ManualClock()
  return {
    clock,
    usersMode,
    open: () =>
      Promise.resolve(new MessageStore(new ReferenceBackend({ clock }), settings(clock, usersMode))),
  }
}

/** How a local store differs from the default. */
export interface LocalVariant {
  readonly settings?: Partial<StoreSettings>
  readonly tuning?: Partial<LocalTuning>
  /** Default `open`. */
  readonly usersMode?: UsersMode
}

/** Everything small: flushes, checkpoints, evictions and large groups happen within a few messages. */
export const tiny: LocalVariant = {
  settings: { shards: 3, cacheBytes: 8 * 1024, cacheTierSize: 2 },
  tuning: {
    fanOut: 3,
    generationBytes: 2048,
    generationObjects: 8,
    segmentBytes: 8192,
    checkpointBytes: 4096,
    maxWaitingGenerations: 1,
    exactIds: 3,
    copiedFrom: 1,
    copyRestMs: 0,
    keptAside: 3,
    keptMembers: 4,
  },
}

export interface LocalStoreUnderTest extends StoreUnderTest {
  /** Removes what the store left on the disk; the store must be closed. */
  readonly destroy: () => Promise<void>
}

/** The embedded store in a directory of its own. Not synced, because these tests do not cut the power. */
export function underLocal(variant: LocalVariant = {}): LocalStoreUnderTest {
  const clock = new ManualClock()
  let location: string | undefined
  const open = async (): Promise<MessageStore> => {
    location ??= await mkdtemp(join(tmpdir(), 'columba-property-'))
    return openLocal(location, clock, nodeFileSystem, variant)
  }
  return {
    clock,
    usersMode: variant.usersMode ?? 'open',
    open,
    reopen: async (store) => {
      await store.close()
      return open()
    },
    destroy: async () => {
      if (location !== undefined) await rm(location, { recursive: true, force: true })
    },
  }
}

async function openLocal(
  location: string,
  clock: ManualClock,
  fileSystem: FileSystem,
  { settings: given, tuning = {}, usersMode }: LocalVariant,
): Promise<MessageStore> {
  const limits = resolveLimits()
  const components: StoreComponents = {
    clock,
    random: systemRandom,
    fileSystem,
    logger: undefined,
    metrics: undefined,
  }
  const all: StoreSettings = {
    location,
    shards: 2,
    virtualNodes: 16,
    syncEveryMs: Infinity,
    cacheBytes: 8 * 1024 * 1024,
    cacheTierSize: 15,
    limits,
    ...given,
  }
  return new MessageStore(await openLocalBackend(all, components, { tuning }), settings(clock, usersMode))
}

/** The store over the backend that refuses writes by chance and shows them late. */
export function underEventual(seed: number, usersMode: UsersMode = 'open'): StoreUnderTest {
  const clock = new ManualClock()
  const backend = new EventualBackend({ clock, seed })
  return {
    clock,
    usersMode,
    open: () => Promise.resolve(new MessageStore(backend, settings(clock, usersMode))),
    settle: () => backend.settle(),
  }
}

interface TestStore {
  readonly store: MessageStore
  readonly clock: ManualClock
  readonly settle: () => Promise<void>
  /** Everybody sees a message as soon as it is acknowledged. */
  readonly atOnce: boolean
  readonly destroy?: () => Promise<void>
}

/** Opens a store whose writes become durable when `persist` has resolved, where the backend has such a seam. */
export type OpenTestStore = (persist: () => Promise<void>) => Promise<TestStore>

export const referenceStore: OpenTestStore = async (persist) => {
  const clock = new ManualClock()
  const store = new MessageStore(new ReferenceBackend({ clock, persist }), settings(clock))
  return { store, clock, settle: () => Promise.resolve(), atOnce: true }
}

export const eventualStore: OpenTestStore = async () => {
  const clock = new ManualClock()
  const backend = new EventualBackend({ clock })
  return {
    store: new MessageStore(backend, settings(clock)),
    clock,
    settle: () => backend.settle(),
    atOnce: false,
  }
}

/** Every write and sync of the log ends when `persist` says so. */
export const localStore: OpenTestStore = async (persist) => {
  const clock = new ManualClock()
  const location = await mkdtemp(join(tmpdir(), 'columba-property-'))
  const fileSystem: FileSystem = {
    ...nodeFileSystem,
    open: async (path, mode) => {
      const handle = await nodeFileSystem.open(path, mode)
      return {
        read: (into, position) => handle.read(into, position),
        truncate: (size) => handle.truncate(size),
        size: () => handle.size(),
        close: () => handle.close(),
        write: async (data, position) => {
          const written = await handle.write(data, position)
          await persist()
          return written
        },
        writeSynced: async (data, position) => {
          const written = await handle.writeSynced(data, position)
          await persist()
          return written
        },
        sync: async () => {
          await handle.sync()
          await persist()
        },
      }
    },
  }
  const variant = { settings: { ...tiny.settings, syncEveryMs: 0 }, tuning: tiny.tuning ?? {} }
  const store = await openLocal(location, clock, fileSystem, variant)
  const destroy = () => rm(location, { recursive: true, force: true })
  return { store, clock, settle: () => Promise.resolve(), atOnce: true, destroy }
}

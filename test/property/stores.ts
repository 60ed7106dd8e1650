import { MessageStore } from '../../src/api/message-store.js'
import { EventualBackend } from '../../src/backend/reference/eventual-backend.js'
import { ReferenceBackend } from '../../src/backend/reference/reference-backend.js'
import { resolveLimits } from '../../src/limits.js'
import { ManualClock } from '../../src/model-checking/manual-clock.js'
import type { StoreUnderTest } from '../../src/model-checking/store-under-test.js'

function settings(clock: ManualClock) {
  return { limits: resolveLimits(), clock, usersMode: 'open' } as const
}

/** The store over the backend that keeps everything in memory in the most obvious way. */
export function underReference(): StoreUnderTest {
  const clock = new ManualClock()
  return {
    clock,
    open: () => Promise.resolve(new MessageStore(new ReferenceBackend({ clock }), settings(clock))),
  }
}

/** The store over the backend that refuses writes by chance and shows them late. */
export function underEventual(seed: number): StoreUnderTest {
  const clock = new ManualClock()
  const backend = new EventualBackend({ clock, seed })
  return {
    clock,
    open: () => Promise.resolve(new MessageStore(backend, settings(clock))),
    settle: () => backend.settle(),
  }
}

interface TestStore {
  readonly store: MessageStore
  readonly clock: ManualClock
  readonly settle: () => Promise<void>
  /** Everybody sees a message as soon as it is acknowledged. */
  readonly atOnce: boolean
}

/** Opens a store whose writes become durable when `persist` has resolved, where the backend has such a seam. */
export type OpenTestStore = (persist: () => Promise<void>) => TestStore

export const referenceStore: OpenTestStore = (persist) => {
  const clock = new ManualClock()
  const store = new MessageStore(new ReferenceBackend({ clock, persist }), settings(clock))
  return { store, clock, settle: () => Promise.resolve(), atOnce: true }
}

export const eventualStore: OpenTestStore = () => {
  const clock = new ManualClock()
  const backend = new EventualBackend({ clock })
  return {
    store: new MessageStore(backend, settings(clock)),
    clock,
    settle: () => backend.settle(),
    atOnce: false,
  }
}

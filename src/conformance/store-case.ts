import { closing } from './closing.js'
import type { OpenStore } from './opened-store.js'
import { StoreBench } from './store-bench.js'

/**
 * One thing that the whole store promises. It is used as a `BackendCase` is, but for what `run` takes: that opens a store, and
 * over a backend it is `storeOver(open)`.
 */
export interface StoreCase {
  readonly title: string
  readonly run: (open: OpenStore) => Promise<void>
}

export function storeCase(title: string, check: (bench: StoreBench) => Promise<void>): StoreCase {
  return {
    title,
    async run(open) {
      const opened = await open()
      const bench = new StoreBench(opened)
      await closing(
        () => check(bench),
        () => [() => bench.store.close(), () => opened.dispose?.()],
      )
    },
  }
}

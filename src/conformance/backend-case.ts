import type { Backend } from '../backend/port.js'
import { Workbench } from './workbench.js'

/** A backend that was opened for one case, empty. */
export interface OpenedBackend {
  readonly backend: Backend
  /** Waits until every user sees everything that was written. Needed where `visibility` is `repaired`. */
  readonly settle?: () => Promise<void>
  /** Closes the backend and opens another on the same data. Left out where nothing outlives a close. */
  readonly reopen?: () => Promise<Backend>
  /** Takes away what opening left behind, after the backend was closed. */
  readonly dispose?: () => Promise<void>
}

export type OpenBackend = () => Promise<OpenedBackend>

/**
 * One promise of the port. `run` opens what it needs, closes it, and rejects if the promise is not kept, so that any
 * test runner will do: `for (const { title, run } of backendConformance) test(title, () => run(open))`.
 */
export interface BackendCase {
  readonly title: string
  readonly run: (open: OpenBackend) => Promise<void>
}

export function backendCase(title: string, check: (bench: Workbench) => Promise<void>): BackendCase {
  return {
    title,
    async run(open) {
      const bench = new Workbench(open)
      try {
        await bench.open()
        await check(bench)
      } finally {
        await bench.dispose()
      }
    },
  }
}

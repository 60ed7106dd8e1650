import type { OpenBackend } from './opened-backend.js'
import { Workbench } from './workbench.js'

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

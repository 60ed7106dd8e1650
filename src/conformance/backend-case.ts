import { closing } from './closing.js'
import type { CaseNeeds, OpenBackend } from './opened-backend.js'
import { Workbench } from './workbench.js'

/**
 * One promise of the port. `run` opens what it needs, closes it, and rejects if the promise is not kept, so that any
 * test runner will do: `for (const { title, run } of backendConformance) test(title, (t) => run(open, (why) => t.skip(why)))`.
 */
export interface BackendCase {
  readonly title: string
  /** What `open` must give beside the backend; without it the case is not run. */
  readonly needs?: CaseNeeds
  /** Calls `notRun` in place of a verdict where `open` does not give what the case needs. */
  readonly run: (open: OpenBackend, notRun?: (why: string) => void) => Promise<void>
}

export function backendCase(
  title: string,
  check: (bench: Workbench) => Promise<void>,
  needs?: CaseNeeds,
): BackendCase {
  return {
    title,
    ...(needs === undefined ? {} : { needs }),
    async run(open, notRun) {
      const bench = new Workbench(open)
      let runs = true
      await closing(
        async () => {
          await bench.open()
          runs = needs === undefined || bench.has(needs)
          if (runs) await check(bench)
        },
        () => bench.closings(),
      )
      if (!runs) notRun?.(`not run: the backend was opened without \`${needs}\``)
    },
  }
}

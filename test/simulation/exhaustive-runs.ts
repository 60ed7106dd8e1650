import { breakRecovery, breakWorkload, type Kind, Scenario } from './exhaustive.js'

export const kinds: readonly Kind[] = ['once', 'for good', 'crash']

/** Every `stride`th operation of the workload and of a recovery, from `offset` on. Answers what went wrong; empty: nothing. */
export async function breakEach(kind: Kind, stride: number, offset: number): Promise<string[]> {
  const { workload, recovery } = await Scenario.operations()
  const failures: string[] = []
  const attempt = async (what: string, run: Promise<void>): Promise<void> => {
    try {
      await run
    } catch (error) {
      failures.push(`${what}, ${kind}: ${(error as Error).message.slice(0, 300)}`)
    }
  }
  for (let nth = 1 + offset; nth <= workload; nth += stride)
    await attempt(`operation ${nth} of the workload`, breakWorkload(nth, kind))
  for (let nth = 1 + offset; nth <= recovery; nth += stride)
    await attempt(`operation ${nth} of the recovery`, breakRecovery(nth, kind, Math.floor(workload * 0.7)))
  return failures
}

import { asyncDefaultReportMessage } from 'fast-check'
import type { RunDetails } from 'fast-check'

export const holds = 'holds'

/** What a property run found, with seed and counterexample for the next run. */
export async function verdict<Values>(run: Promise<RunDetails<Values>>): Promise<string> {
  const details = await run
  const report = await asyncDefaultReportMessage(details)
  if (report === undefined) return holds
  const { errorInstance } = details
  return `${report}\n${errorInstance instanceof Error ? (errorInstance.stack ?? errorInstance.message) : String(errorInstance)}`
}

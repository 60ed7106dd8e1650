import type { BackendCase } from '../../src/conformance/backend-case.js'
import { backendConformance } from '../../src/conformance/backend-conformance.js'

/** The case of the suite with this title. */
export function caseOf(title: string): BackendCase {
  const found = backendConformance.find((each) => each.title === title)
  if (found === undefined) throw new Error(`there is no case with the title "${title}"`)
  return found
}

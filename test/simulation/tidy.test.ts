import { expect, test } from 'vitest'
import { levelOf, parseBodyFileName } from '../../src/formats/body-file.js'
import {
  FaultAt,
  type FileOperation,
  type Fault,
  type Faults,
  OperationCount,
} from '../../src/simulation/faults.js'
import { kinds } from './exhaustive-runs.js'
import { type End, ends, Scenario } from './exhaustive.js'

/** Only operations on body files and their directory count, and only they go wrong. */
class OnBodies implements Faults {
  readonly #faults: Faults
  /** Merged files that were given their names. */
  merged = 0

  constructor(faults: Faults) {
    this.#faults = faults
  }

  next(operation: FileOperation, path: string): Fault | null {
    if (!/\/bodies(?:\/|$)/.test(path)) return null
    const file = parseBodyFileName(path.slice(path.lastIndexOf('/') + 1))
    if (operation === 'rename' && file !== null && levelOf(file) > 0) this.merged++
    return this.#faults.next(operation, path)
  }
}

/** A store with some files that could be merged, on which then the workload runs once more. */
async function filled(): Promise<Scenario> {
  const scenario = new Scenario(2)
  await scenario.under(new OperationCount(), null)
  return scenario
}

test.each(kinds)('operations on body files go wrong while they are flushed and merged: %s', async (kind) => {
  const whole = new OperationCount()
  const counted = new OnBodies(whole)
  await (await filled()).under(counted, null)
  expect(counted.merged).toBeGreaterThan(0)
  const failures: string[] = []
  for (let nth = 1 + (kind.length % 3); nth <= whole.count; nth += 3) {
    const scenario = await filled()
    const fault = new FaultAt(nth, kind)
    try {
      await scenario.under(new OnBodies(fault), ends[nth % ends.length] as End)
      await scenario.verify()
    } catch (error) {
      failures.push(`operation ${nth}, ${fault.hit}: ${(error as Error).message.slice(0, 300)}`)
    }
  }
  expect(failures).toEqual([])
})

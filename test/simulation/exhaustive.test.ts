import { expect, test } from 'vitest'
import { isColumbaError } from '../../src/errors.js'
import { location, type SimulatedWorld } from '../../src/simulation/simulated-world.js'
import { type End, ends, Scenario } from './exhaustive.js'
import {
  Breaks,
  kinds,
  partNames,
  recoveries,
  recoveryFrom,
  spread,
  workloadOperations,
} from './exhaustive-runs.js'

/** One operation of so many goes wrong here; in the long tier each of them. */
const share = 61
const recoveriesBroken = 3

test.each(kinds)(
  'operations of open, send, flush, checkpoint, rotation, close and recovery go wrong: %s',
  async (kind) => {
    const breaks = new Breaks(kind)
    const workload = await workloadOperations()
    const which = kinds.indexOf(kind)
    const shift = (which + 0.5) / kinds.length
    const count = Math.floor(workload.length / share)
    for (const nth of spread(workload, count, shift))
      await breaks.workload(nth, ends[nth % ends.length] as End)
    for (let i = 0; i < recoveriesBroken; i++) {
      // Other beginnings and ends for each kind, that of a close among them.
      const recovery = await recoveryFrom(workload, (13 * i + 9 * which) % recoveries)
      for (const [at, nth] of spread(
        recovery.operations,
        Math.floor(count / recoveriesBroken),
        shift,
      ).entries())
        await breaks.recovery(recovery, nth, partNames[at % partNames.length])
    }
    expect(breaks.failures).toEqual([])
    const phases = ['workload', 'recovery', 'recovery of the recovery'] as const
    expect(phases.map((phase) => breaks.hit(phase))).toEqual(phases.map(() => partNames))
  },
)

test('a flipped bit in the manifest is refused with file and offset', async () => {
  const scenario = new Scenario(1)
  await scenario.verify()
  const path = `${location}/MANIFEST`
  const file = scenario.world.disk.file(path, 'open')
  for (let at = 0; at < file.size; at += 61) {
    file.flip(at, at % 8)
    const said = await refusal(scenario.world)
    expect(said, `byte ${at}`).toBe(path)
    file.flip(at, at % 8)
  }
  await scenario.verify()
})

async function refusal(world: SimulatedWorld): Promise<unknown> {
  try {
    await world.settle(world.open())
    return 'opened'
  } catch (error) {
    if (!isColumbaError(error) || !['CORRUPT', 'INCOMPATIBLE'].includes(error.code)) throw error
    return error.details['file']
  }
}

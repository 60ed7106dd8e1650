import { expect, test } from 'vitest'
import { isColumbaError } from '../../src/errors.js'
import { breakEach, kinds } from './exhaustive-runs.js'
import { location, type SimulatedWorld } from '../../src/simulation/simulated-world.js'
import { Scenario } from './exhaustive.js'

test.each(kinds)(
  'operations of open, send, flush, checkpoint, rotation, close and recovery go wrong: %s',
  async (kind) => {
    expect(await breakEach(kind, 61, kind.length)).toEqual([])
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

import { expect, test } from 'vitest'
import { needs } from '../fixtures/rigs.js'
import { toldOf } from './crash-result.js'
import { limitFaults, meet, systemCallFaults, whyNoStrace } from './injected.js'
import type { InjectedFault } from './injected.js'

const reason = whyNoStrace()

async function meetEight(fault: InjectedFault): Promise<void> {
  const seed = Date.now() % 1_000_000
  const result = await meet(fault, 8, seed)
  console.log(`${fault.name}, seed ${seed}: ${toldOf(result)}`)
  expect(result.met).toBe(8)
  expect(result.acknowledgements).toBeGreaterThan(result.cycles)
}

test.for(systemCallFaults)('$name at eight system calls', async (fault, context) => {
  needs('system-calls', reason, context)
  await meetEight(fault)
})

test.each(limitFaults)('$name, eight limits', meetEight)

import { expect, test } from 'vitest'
import { limitFaults, meet, systemCallFaults, whyNoStrace } from './injected.js'

const reason = whyNoStrace()
const seed = (): number => Date.now() % 1_000_000

test.for(systemCallFaults)('$name at eight system calls', async (fault, { skip }) => {
  skip(reason !== null, reason ?? '')
  await expect(meet(fault, 8, seed())).resolves.toEqual({ met: 8 })
})

test.each(limitFaults)('$name, eight limits', async (fault) => {
  await expect(meet(fault, 8, seed())).resolves.toEqual({ met: 8 })
})

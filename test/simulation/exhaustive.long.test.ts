import { expect, test } from 'vitest'
import { type End, ends } from './exhaustive.js'
import { Breaks, kinds, partNames, recoveries, recoveryFrom, workloadOperations } from './exhaustive-runs.js'

test.each(kinds)(
  'every operation of open, send, flush, checkpoint, rotation and close goes wrong: %s',
  async (kind) => {
    const breaks = new Breaks(kind)
    const { length } = await workloadOperations()
    for (let nth = 1; nth <= length; nth++)
      for (const end of kind === 'crash' ? ends : [ends[nth % ends.length] as End])
        await breaks.workload(nth, end)
    expect(breaks.failures).toEqual([])
    expect(breaks.hit('workload')).toEqual(partNames)
  },
)

/** Each of the ten beginnings has another tenth of the operations of its recovery. */
const stride = 10

test.each(kinds)(
  'recoveries behind each kind of end go wrong, and there is a crash in the recovery of that: %s',
  async (kind) => {
    const breaks = new Breaks(kind)
    const workload = await workloadOperations()
    for (let number = 0; number < recoveries; number++) {
      const recovery = await recoveryFrom(workload, number)
      for (let nth = 1 + (number % stride); nth <= recovery.operations.length; nth += stride)
        await breaks.recovery(recovery, nth)
    }
    expect(breaks.failures).toEqual([])
    expect(breaks.hit('recovery')).toEqual(partNames)
    expect(breaks.hit('recovery of the recovery')).toEqual(partNames)
  },
)

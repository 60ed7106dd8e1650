import { expect, test } from 'vitest'
import { variantNamed } from '../crash/crash-store.js'
import { limitFaults, meet, systemCallFaults, whyNoStrace } from '../crash/injected.js'

const reason = whyNoStrace()
const seed = (): number => Date.now() % 1_000_000

/** Those of LevelDB alone have a test of their own, and many runs in the long tier. */
const errors = systemCallFaults.filter(({ name }) => /^(?!write|openat).*error/.test(name))

test.for(errors)('$name at some system call: nothing acknowledged is lost', async (fault, { skip }) => {
  skip(reason !== null, reason ?? '')
  await expect(meet(fault, 1, seed())).resolves.toEqual({ met: 1 })
})

test('fdatasync: error=EIO, with every flush on its thread: nothing acknowledged is lost', async ({
  skip,
}) => {
  skip(reason !== null, reason ?? '')
  const fault = errors.find(({ name }) => name.startsWith('fdatasync')) as (typeof errors)[number]
  const variant = variantNamed('every flush on its thread')
  await expect(meet(fault, 2, seed(), variant)).resolves.toEqual({ met: 2 })
})

test.each(limitFaults)(
  '$name: nothing acknowledged is lost',
  async (fault) => {
    await expect(meet(fault, 2, seed())).resolves.toEqual({ met: 2 })
  },
  120_000,
)

import { join } from 'node:path'
import { expect, test } from 'vitest'
import { CrashRig } from '../crash/crash-rig.js'
import { crashVariants } from '../crash/crash-store.js'
import type { CrashVariant } from '../crash/crash-store.js'
import type { Ending } from '../crash/crash-world.js'
import { temporaryDirectory } from '../fixtures/temporary-directory.js'

const endings: readonly { readonly ending: Ending; readonly what: string; readonly code: number }[] = [
  { ending: 'exit', what: 'process.exit', code: 7 },
  { ending: 'throw', what: 'an uncaught exception', code: 1 },
  { ending: 'reject', what: 'an unhandled rejection', code: 1 },
  { ending: 'terminate', what: 'close at SIGTERM', code: 0 },
]

test.each(endings)(
  '$what while many calls are under way is a crash like any other',
  async ({ ending, code }) => {
    const desk = await temporaryDirectory()
    const seed = Date.now() % 1_000_000
    const variant = crashVariants[seed % 2] as CrashVariant
    const rig = await CrashRig.create({ location: join(desk, 'store'), desk, variant, seed })
    const ended = await rig.work({ ending, strike: null, since: 'opened', afterMs: 0 })
    expect({ seed, ...ended }).toMatchObject({ seed, code })
    await rig.check()
  },
  120_000,
)

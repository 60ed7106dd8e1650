import { join } from 'node:path'
import { expect, test } from 'vitest'
import { CrashRig } from '../crash/crash-rig.js'
import type { WayToDie } from '../crash/way-to-die.js'
import { crashVariants } from '../crash/crash-store.js'
import type { CrashVariant } from '../crash/crash-store.js'
import type { Ending } from '../crash/crash-world.js'
import { temporaryDirectory } from '../fixtures/temporary-directory.js'

interface RealEnding {
  readonly what: string
  readonly way: WayToDie
  /** Null: a signal ended it. */
  readonly code: number | null
}

const byItself = (ending: Ending): WayToDie => ({ ending, strike: null, since: 'opened', afterMs: 0 })

/** Nobody listens for it. */
const by = (signal: NodeJS.Signals): WayToDie => ({
  ending: 'wait',
  strike: (worker) => void worker.kill(signal),
  signal,
  since: 'working',
  afterMs: 0,
})

const endings: readonly RealEnding[] = [
  { what: 'process.exit', way: byItself('exit'), code: 7 },
  { what: 'an uncaught exception', way: byItself('throw'), code: 1 },
  { what: 'an unhandled rejection', way: byItself('reject'), code: 1 },
  { what: 'close at SIGTERM', way: byItself('terminate'), code: 0 },
  { what: 'SIGTERM', way: by('SIGTERM'), code: null },
  { what: 'SIGINT', way: by('SIGINT'), code: null },
]

test.each(endings)(
  '$what while many calls are under way is a crash like any other',
  async ({ way, code }) => {
    const desk = await temporaryDirectory()
    const seed = Date.now() % 1_000_000
    const variant = crashVariants[seed % 2] as CrashVariant
    const rig = await CrashRig.create({ location: join(desk, 'store'), desk, variant, seed })
    const ended = await rig.work(way)
    expect({ seed, ...ended }).toMatchObject({ seed, code })
    const { unknowns, messages } = rig.history
    const untold = [...messages.values()].filter(({ state }) => state === 'unknown').length
    // Who closes has told every caller what became of the call.
    if (code === 0) expect({ seed, unknowns, untold }).toEqual({ seed, unknowns: 0, untold: 0 })
    await rig.check()
  },
  120_000,
)

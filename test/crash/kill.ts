import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CrashRig } from './crash-rig.js'
import type { WayToDie } from './crash-rig.js'
import { crashVariants } from './crash-store.js'
import type { CrashVariant } from './crash-store.js'
import type { SeededChance } from '../../src/backend/reference/seeded-chance.js'

export interface KillOptions {
  readonly cycles: number
  readonly seed: number
  /** The sizes of each store in turn; default: all there are. */
  readonly variants?: readonly CrashVariant[]
  readonly onCycle?: (done: KillResult) => void
}

export interface KillResult {
  cycles: number
  checks: number
  messages: number
  acknowledgements: number
  /** Calls whose outcome the dying process did not tell. */
  unknown: number
}

/** Cycles on one directory; then a fresh one, with other sizes. */
const cyclesPerStore = 20

/**
 * Kills processes in the middle of their work, again and again, and checks after each, or after two or three: then one
 * dies on what another one left. Throws with the seed of the store that did not keep its promises, and keeps its files.
 */
export async function killCycles({
  cycles,
  seed,
  variants = crashVariants,
  onCycle,
}: KillOptions): Promise<KillResult> {
  const result: KillResult = { cycles: 0, checks: 0, messages: 0, acknowledgements: 0, unknown: 0 }
  for (let store = 0; result.cycles < cycles; store++) {
    const variant = variants[store % variants.length] as CrashVariant
    const desk = await mkdtemp(join(tmpdir(), 'columba-kill-'))
    const storeSeed = seed + store
    try {
      const rig = await CrashRig.create({ location: join(desk, 'store'), desk, variant, seed: storeSeed })
      for (let cycle = 0; cycle < cyclesPerStore && result.cycles < cycles; cycle++) {
        await rig.work(killing(rig.chance))
        result.cycles++
        if (rig.maySkipCheck(0.4) && cycle < cyclesPerStore - 1 && result.cycles < cycles) continue
        await rig.check({ twice: rig.chance.happens(0.15) })
        result.checks++
        onCycle?.(result)
      }
      const { history } = rig
      result.messages += history.messages.size
      result.acknowledgements += history.acknowledgements
      result.unknown += history.unknowns
    } catch (error) {
      throw new Error(`kill cycles, seed ${storeSeed}, "${variant.name}", files in ${desk}`, { cause: error })
    }
    await rm(desk, { recursive: true })
  }
  return result
}

/** Mostly in the middle of the work; sometimes while the store is being opened and recovered. */
function killing(chance: SeededChance): WayToDie {
  const strike = (worker: { kill(signal: 'SIGKILL'): boolean }): void => void worker.kill('SIGKILL')
  if (chance.happens(0.2)) return { ending: 'wait', strike, since: 'started', afterMs: chance.below(30) }
  return { ending: 'close', strike, since: 'working', afterMs: chance.below(12) }
}

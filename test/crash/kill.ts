import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { addHistory, nothingYet } from './crash-result.js'
import type { CrashResult } from './crash-result.js'
import { CrashRig } from './crash-rig.js'
import { crashVariants } from './crash-store.js'
import type { CrashVariant } from './crash-store.js'
import type { WayToDie } from './way-to-die.js'
import type { SeededChance } from '../../src/backend/reference/seeded-chance.js'

export interface KillOptions {
  readonly cycles: number
  readonly seed: number
  /** The sizes of each store in turn; default: all there are. */
  readonly variants?: readonly CrashVariant[]
  readonly onCycle?: (done: CrashResult) => void
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
}: KillOptions): Promise<CrashResult> {
  const result = nothingYet()
  for (let store = 0; result.cycles < cycles; store++) {
    const variant = variants[store % variants.length] as CrashVariant
    const desk = await mkdtemp(join(tmpdir(), 'columba-kill-'))
    const storeSeed = seed + store
    try {
      const rig = await CrashRig.create({ location: join(desk, 'store'), desk, variant, seed: storeSeed })
      for (let cycle = 0; cycle < cyclesPerStore && result.cycles < cycles; cycle++) {
        const { signal } = await rig.work(killing(rig.chance, cycle === 0))
        result.cycles++
        if (signal === 'SIGKILL') result.met++
        if (rig.maySkipCheck(0.4) && cycle < cyclesPerStore - 1 && result.cycles < cycles) continue
        await rig.check({ twice: rig.chance.happens(0.15) })
        result.checks++
        onCycle?.(result)
      }
      addHistory(result, rig.history)
    } catch (error) {
      throw new Error(`kill cycles, seed ${storeSeed}, "${variant.name}", files in ${desk}`, { cause: error })
    }
    await rm(desk, { recursive: true })
  }
  return result
}

export const kill = (worker: { kill(signal: 'SIGKILL'): boolean }): void => void worker.kill('SIGKILL')

/** Mostly in the middle of the work; sometimes while the store is being opened and recovered, if there is anything in it. */
function killing(chance: SeededChance, isFirst: boolean): WayToDie {
  const strike = kill
  if (!isFirst && chance.happens(0.2))
    return { ending: 'wait', strike, since: 'started', afterMs: chance.below(30) }
  return { ending: 'close', strike, since: 'working', afterMs: chance.below(12) }
}

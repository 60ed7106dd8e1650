import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { addHistory, nothingYet, toldOf } from './crash-result.js'
import type { CrashResult } from './crash-result.js'
import { CrashRig } from './crash-rig.js'
import { crashVariants } from './crash-store.js'
import type { CrashVariant } from './crash-store.js'
import { kill } from './kill.js'
import { LoopDisk } from './loop-disk.js'
import { cutting, restart } from './power-cut.js'
import type { WayToDie } from './way-to-die.js'

// Deaths in the first milliseconds of a store: in an empty directory, while its parts are made by the real LevelDB.

interface Death {
  readonly strike: WayToDie['strike']
  /** What has to be done before anybody can open what is left. */
  readonly after: (location: string) => Promise<void>
}

const deadliestMs = 40

/** Kills processes in the first milliseconds of a store, until so many have died before it was made: these are `met`. */
export async function killedCreations(deaths: number, seed: number): Promise<CrashResult> {
  return onDesk('killed creations', seed, (desk) =>
    creations(desk, desk, deaths, seed, { strike: kill, after: () => Promise.resolve() }),
  )
}

/** The same with the power of the disk. */
export async function cutCreations(deaths: number, seed: number): Promise<CrashResult> {
  return onDesk('cut creations', seed, async (desk) => {
    const disk = await LoopDisk.create(desk)
    try {
      await disk.proveCuts()
      const death = { strike: cutting(disk), after: (location: string) => restart(disk, location) }
      return await creations(disk.mount, desk, deaths, seed, death)
    } finally {
      await disk.remove()
    }
  })
}

async function onDesk<T>(name: string, seed: number, work: (desk: string) => Promise<T>): Promise<T> {
  const desk = await mkdtemp(join(tmpdir(), 'columba-creation-'))
  let result: T
  try {
    result = await work(desk)
  } catch (error) {
    throw new Error(`${name}, seed ${seed}, files in ${desk}`, { cause: error })
  }
  await rm(desk, { recursive: true })
  return result
}

async function creations(
  place: string,
  desk: string,
  deaths: number,
  seed: number,
  { strike, after }: Death,
): Promise<CrashResult> {
  const result = nothingYet()
  let mostMs = deadliestMs
  for (let store = 0; result.met < deaths; store++) {
    if (store === 3 * deaths) throw new Error(`stores are made before anybody dies: ${toldOf(result)}`)
    const location = join(place, `store-${store}`)
    const variant = crashVariants[store % crashVariants.length] as CrashVariant
    const rig = await CrashRig.withoutStore({ location, desk, variant, seed: seed + store })
    // Now and then another one dies on what the first one left.
    do {
      const afterMs = rig.chance.below(mostMs + 1)
      const { opened } = await rig.work({ ending: 'wait', strike, since: 'started', afterMs, calls: 0 })
      await after(location)
      result.cycles++
      if (!opened) result.met++
      // Whoever came too late comes earlier the next time.
      mostMs = opened ? mostMs >> 1 : deadliestMs
    } while (rig.chance.happens(0.3))
    await rig.begin()
    await rig.work({ ending: 'close', strike: null, since: 'working', afterMs: 0, calls: 300 })
    await rig.check()
    result.checks++
    addHistory(result, rig.history)
  }
  return result
}

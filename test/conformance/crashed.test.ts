import { describe, expect, onTestFinished, test } from 'vitest'
import { SeededChance } from '../../src/backend/reference/seeded-chance.js'
import type { StoreSettings } from '../../src/backend/settings.js'
import { backendConformance } from '../../src/conformance/backend-conformance.js'
import type { OpenBackend } from '../../src/conformance/opened-backend.js'
import { resolveLimits } from '../../src/limits.js'
import { openLocalBackend } from '../../src/local/open-local-backend.js'
import { OperationCount } from '../../src/simulation/faults.js'
import { simulatedLevelOpener } from '../../src/simulation/level/simulated-level.js'
import { Schedule } from '../../src/simulation/schedule.js'
import { SeededRandom } from '../../src/simulation/seeded-random.js'
import { SimulatedClock } from '../../src/simulation/simulated-clock.js'
import { SimulatedDisk } from '../../src/simulation/simulated-disk.js'
import { SimulatedFileSystem } from '../../src/simulation/simulated-file-system.js'
import { SimulatedMachine } from '../../src/simulation/simulated-process.js'

const KiB = 1024
const location = '/data/store'

/** So small that what the cases write is flushed and check pointed before some of the crashes. */
const tuning = {
  generationBytes: 4 * KiB,
  segmentBytes: 32 * KiB,
  chunkBytes: 32 * KiB,
  checkpointBytes: 8 * KiB,
  writeBufferBytes: 16 * KiB,
  spareBytes: 64 * KiB,
}

const settings: StoreSettings = {
  location,
  shards: 2,
  virtualNodes: 16,
  syncEveryMs: 0,
  cacheBytes: 32 * KiB,
  cacheTierSize: 2,
  limits: resolveLimits(),
}

/** The embedded backend on a machine that does not exist, whose power is cut: of what was not synced, chance keeps about half. */
function openWith(seed: number): OpenBackend {
  return async () => {
    const chance = new SeededChance(seed)
    const random = new SeededRandom(new SeededChance(seed + 1000))
    const disk = new SimulatedDisk()
    const machine = new SimulatedMachine()
    disk.makeDirectory('/data')
    disk.root.sync()
    let schedule = new Schedule({ chance })
    let clock = new SimulatedClock(schedule)
    const open = () => {
      const fileSystem = new SimulatedFileSystem({
        disk,
        schedule,
        faults: new OperationCount(),
        onCrash: () => undefined,
      })
      const now = schedule
      const opener = simulatedLevelOpener({ fileSystem, turn: (label) => now.turn(label, () => undefined) })
      const components = { clock, random, fileSystem, logger: undefined, metrics: undefined }
      return openLocalBackend(settings, components, { opener, process: machine.start(), tuning })
    }
    // The world goes on by itself, as the cases expect it of a real one.
    let over = false
    const goOn = async (): Promise<void> => {
      while (!over) {
        await new Promise((resolve) => setImmediate(resolve))
        schedule.step()
      }
    }
    void goOn()
    const end = () => {
      over = true
    }
    onTestFinished(end)
    return {
      backend: await open(),
      async crash() {
        const now = clock.now()
        schedule.halt(0.5)
        disk.losePower(0.5, chance, (path) => path.startsWith(`${location}/shards/`))
        machine.boot()
        schedule = new Schedule({ chance })
        clock = new SimulatedClock(schedule, now)
        return open()
      },
      dispose: async () => end(),
    }
  }
}

const cases = backendConformance.filter(({ needs }) => needs === 'crash')

describe.each([1, 2, 3])('the local backend keeps its promises when the power is cut, seed %i', (seed) => {
  test.each(cases)('$title', async ({ run }) => {
    const notRun: string[] = []
    await run(openWith(seed), (why) => notRun.push(why))
    expect(notRun).toEqual([])
  })
})

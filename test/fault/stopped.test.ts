import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { CrashRig } from '../crash/crash-rig.js'
import { crashVariants, openCrashStore } from '../crash/crash-store.js'
import type { CrashVariant } from '../crash/crash-store.js'
import { temporaryDirectory } from '../fixtures/temporary-directory.js'

test.skipIf(process.platform === 'win32')(
  'a process that is stopped for seconds in the middle of its work keeps its store, and goes on as if nothing had been',
  async () => {
    const desk = await temporaryDirectory()
    const location = join(desk, 'store')
    const seed = Date.now() % 1_000_000
    const variant = crashVariants[seed % crashVariants.length] as CrashVariant
    const rig = await CrashRig.create({ location, desk, variant, seed })
    const refusals: unknown[] = []
    let stopped = 0
    // Now and then one has done its work before it is stopped.
    for (let time = 0; time < 5 && stopped === 0; time++) {
      const { code } = await rig.work({
        ending: 'close',
        since: 'working',
        afterMs: 0,
        strike: async (worker) => {
          if (!worker.kill('SIGSTOP')) return
          for (let look = 0; look < 4; look++) {
            await sleep(500)
            refusals.push(await openCrashStore({ location, variant }).catch((error: unknown) => error))
          }
          worker.kill('SIGCONT')
          stopped = worker.pid ?? 0
        },
      })
      expect(code, `seed ${seed}`).toBe(0)
    }
    expect(refusals, `seed ${seed}`).toHaveLength(4)
    for (const refusal of refusals)
      expect(refusal, `seed ${seed}`).toMatchObject({ code: 'LOCKED', details: { pid: stopped } })
    await rig.check()
  },
)

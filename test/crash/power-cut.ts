import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ChildProcess } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { addHistory, nothingYet } from './crash-result.js'
import type { CrashResult } from './crash-result.js'
import { CrashRig } from './crash-rig.js'
import { crashVariants } from './crash-store.js'
import type { CrashVariant } from './crash-store.js'
import type { KillOptions } from './kill.js'
import { LoopDisk } from './loop-disk.js'

const cutsPerStore = 10

/**
 * Cuts the power of the disk under a store that is being worked on, again and again, and holds what comes back against
 * the journal, which lies on another disk. Some cuts come while the store is being opened, some right after another.
 */
export async function powerCuts({ cycles, seed, onCycle }: KillOptions): Promise<CrashResult> {
  const result = nothingYet()
  for (let store = 0; result.cycles < cycles; store++) {
    const variant = crashVariants[store % crashVariants.length] as CrashVariant
    const desk = await mkdtemp(join(tmpdir(), 'columba-power-'))
    const disk = await LoopDisk.create(desk)
    const storeSeed = seed + store
    try {
      await disk.proveCuts()
      const location = join(disk.mount, 'store')
      const rig = await CrashRig.create({ location, desk, variant, seed: storeSeed })
      for (let cut = 0; cut < cutsPerStore && result.cycles < cycles; cut++) {
        await rig.work({
          ending: 'wait',
          since: cut > 0 && rig.chance.happens(0.2) ? 'started' : 'working',
          afterMs: rig.chance.below(15),
          strike: cutting(disk),
        })
        await restart(disk, location)
        result.cycles++
        result.met++
        if (rig.maySkipCheck(0.3) && cut < cutsPerStore - 1 && result.cycles < cycles) continue
        await rig.check({ twice: rig.chance.happens(0.1) })
        result.checks++
        onCycle?.(result)
      }
      addHistory(result, rig.history)
    } catch (error) {
      throw new Error(`power cuts, seed ${storeSeed}, "${variant.name}", disk image in ${desk}`, {
        cause: error,
      })
    } finally {
      await disk.remove()
    }
    await rm(desk, { recursive: true })
  }
  return result
}

/** Takes the power from the disk under a worker. */
export const cutting =
  (disk: LoopDisk) =>
  async (worker: ChildProcess): Promise<void> => {
    await freeze(worker)
    await disk.cutPower()
    worker.kill('SIGKILL')
  }

/** After a real power cut the machine has another boot id, and no lock of before holds. Here the processes live on. */
export async function restart(disk: LoopDisk, location: string): Promise<void> {
  await disk.restart()
  for (const name of await readdir(location).catch(ifMissing))
    if (name.startsWith('LOCK')) await rm(join(location, name))
}

/** The cut came before the directory itself was durable. */
function ifMissing(error: NodeJS.ErrnoException): string[] {
  if (error.code === 'ENOENT') return []
  throw error
}

/**
 * Stops every thread of the worker. IMPORTANT: a machine without power runs nothing, but here the process would live on
 * for a moment, and an fdatasync that is under way while the file system is shut down can return without an error though
 * its journal commit was thrown away (seen once in 65 cuts). A thread in the kernel stops before it returns from there.
 */
async function freeze(worker: ChildProcess): Promise<void> {
  worker.kill('SIGSTOP')
  const tasks = `/proc/${worker.pid}/task`
  for (let moving = true; moving && worker.exitCode === null;) {
    const states = await Promise.all(
      (await readdir(tasks).catch(() => [])).map((task) => stateOf(join(tasks, task, 'stat'))),
    )
    moving = states.some((state) => !'TtDZX'.includes(state))
    if (moving) await sleep(1)
  }
}

/** The letter for the state of a thread; X for one that is gone. */
async function stateOf(path: string): Promise<string> {
  const text = await readFile(path, 'latin1').catch(() => ') X')
  return text[text.lastIndexOf(')') + 2] ?? 'X'
}

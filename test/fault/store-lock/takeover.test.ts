import fc from 'fast-check'
import { expect, test } from 'vitest'
import { StoreLock } from '../../../src/local/store-lock/store-lock.js'
import type { Clock } from '../../../src/platform/clock.js'
import type { FileHandle, FileSystem } from '../../../src/platform/file-system.js'
import { fakeProcess } from '../../fixtures/fake-process.js'
import { fixedRandom } from '../../fixtures/fixed-random.js'
import { MemoryFileSystem } from '../../fixtures/memory-file-system.js'

/** Each operation happens when the scheduler says so; one that never happens is a process that died before it. */
function scheduled(real: FileSystem, step: () => Promise<void>): FileSystem {
  const handle = (one: FileHandle): FileHandle => ({
    write: async (data, position) => (await step(), one.write(data, position)),
    writeSynced: async (data, position) => (await step(), one.writeSynced(data, position)),
    read: async (into, position) => (await step(), one.read(into, position)),
    sync: async () => (await step(), one.sync()),
    truncate: (size) => one.truncate(size),
    size: () => one.size(),
    close: () => one.close(),
  })
  return {
    open: async (path, mode) => (await step(), handle(await real.open(path, mode))),
    makeDirectory: (path) => real.makeDirectory(path),
    list: async (path) => (await step(), real.list(path)),
    stat: async (path) => (await step(), real.stat(path)),
    rename: async (from, to) => (await step(), real.rename(from, to)),
    unlink: async (path) => (await step(), real.unlink(path)),
    syncDirectory: async (path) => (await step(), real.syncDirectory(path)),
    realPath: (path) => real.realPath(path),
    freeBytes: (path) => real.freeBytes(path),
  }
}

const never = new Promise<void>(() => undefined)

interface Race {
  readonly contenders: number
  readonly stale: boolean
  /** The step before which a contender dies; beyond its last step it lives. */
  readonly deaths: readonly number[]
  readonly seed: number
}

const races: fc.Arbitrary<Race> = fc.record({
  contenders: fc.integer({ min: 2, max: 4 }),
  stale: fc.boolean(),
  deaths: fc.array(fc.integer({ min: 0, max: 60 }), { minLength: 4, maxLength: 4 }),
  seed: fc.nat(),
})

test('in whatever order the steps of several processes happen, and whichever dies where: never two hold the lock', async () => {
  await fc.assert(
    fc.asyncProperty(races, fc.scheduler(), async ({ contenders, stale, deaths, seed }, scheduler) => {
      const disk = new MemoryFileSystem()
      const random = fixedRandom(seed)
      const alive: Record<number, string> = {}
      const clock: Clock = {
        now: () => 1,
        after(_, task) {
          void scheduler.schedule(Promise.resolve(), 'wait').then(task)
          return () => undefined
        },
        yield: () => Promise.resolve(),
      }
      if (stale) {
        await StoreLock.acquire({
          directory: '/s',
          fileSystem: disk,
          clock,
          random,
          process: fakeProcess({ pid: 9 }),
        })
      }
      const holders = new Set<number>()
      const dead = new Set<number>()
      const outcomes: string[] = []
      const contend = async (pid: number): Promise<void> => {
        let steps = 0
        const step = async (): Promise<void> => {
          await scheduler.schedule(Promise.resolve(), `${pid}`)
          if (steps++ !== deaths[pid - 1]) return
          delete alive[pid]
          dead.add(pid)
          resolveDeath()
          await never
        }
        let resolveDeath = (): void => undefined
        const death = new Promise<void>((resolve) => (resolveDeath = resolve))
        const fileSystem = scheduled(disk, step)
        const life = async (): Promise<void> => {
          try {
            const process = { ...fakeProcess({ pid, alive }) }
            const lock = await StoreLock.acquire({ directory: '/s', fileSystem, clock, random, process })
            holders.add(pid)
            expect(holders.size).toBe(1)
            for (let held = 0; held < 5; held++) {
              await scheduler.schedule(Promise.resolve(), `${pid} holds`)
              expect(holders.size).toBe(1)
            }
            outcomes.push('held')
            // From here on others may come in: the lock is gone somewhere within this call.
            holders.delete(pid)
            await lock.release()
          } catch (error) {
            if ((error as { code?: string }).code !== 'LOCKED') throw error
            outcomes.push('locked')
          }
        }
        await Promise.race([life(), death])
      }
      for (let pid = 1; pid <= contenders; pid++) alive[pid] = '100'
      await scheduler.waitFor(
        Promise.all(Array.from({ length: contenders }, (_, index) => contend(index + 1))),
      )
      if (dead.size === 0) expect(outcomes).toHaveLength(contenders)
      if (dead.size === 0) expect(outcomes).toContain('held')
      // Whatever was left lying about, the next one gets in.
      const process = fakeProcess({ pid: 77, alive: {} })
      const next = await StoreLock.acquire({ directory: '/s', fileSystem: disk, clock, random, process })
      expect([...disk.files.keys()]).toEqual(['/s/LOCK.json'])
      expect(await next.isHeld()).toBe(true)
    }),
    { numRuns: 300, endOnFailure: true },
  )
})

test('whose claim is cleared away by one after the other who takes the lock meanwhile makes it anew', async () => {
  const disk = new MemoryFileSystem()
  let cleared = 0
  const fileSystem: FileSystem = {
    ...scheduled(disk, () => Promise.resolve()),
    rename: async (from, to) => {
      if (from.endsWith('.new') && cleared++ < 5) await disk.unlink(from)
      await disk.rename(from, to)
    },
  }
  const clock: Clock = { now: () => 1, after: () => () => undefined, yield: () => Promise.resolve() }
  const process = fakeProcess({ pid: 1 })
  const lock = await StoreLock.acquire({
    directory: '/s',
    fileSystem,
    clock,
    random: fixedRandom(1),
    process,
  })
  expect(cleared).toBe(6)
  expect(await lock.isHeld()).toBe(true)
})

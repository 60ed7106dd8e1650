import { isDeepStrictEqual } from 'node:util'
import { describe, expect, test } from 'vitest'
import { isColumbaError } from '../../src/errors.js'
import type { HarnessOptions, LogHarness } from '../fixtures/log-harness.js'
import { expected, openLog } from '../fixtures/log-harness.js'
import { failure, MemoryFileSystem } from '../fixtures/memory-file-system.js'

// Large waves on a disk that takes its time: of a group one half of the callers is told before the next write begins,
// the other while it is under way. Everything that may go wrong meanwhile does.

const perWave = 320
/** Who is told sends again, until there are so many records. */
const enough = 2400
const sizes: HarnessOptions = { segmentBytes: 8192, chunkBytes: 4096, preallocate: true }

const modes = [
  { mode: 'synced', syncEveryMs: 0 },
  { mode: 'synced every 5 ms', syncEveryMs: 5 },
  { mode: 'left to the system', syncEveryMs: Infinity },
]

interface Run {
  readonly disk: MemoryFileSystem
  readonly opened: LogHarness | null
  /** The last position that was told. */
  told: number
  appended: number
  removedThrough: number
  /** How often a record was told while another one was being written or synced. */
  halves: number
  readonly wrong: string[]
}

interface Watching {
  readonly onTold?: (through: number) => void
  readonly onRemove?: (through: number) => void
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** Sends, is told, sends again; pauses, waits for syncs, lets segments go, and closes in the middle of it. */
async function run(
  disk: MemoryFileSystem,
  syncEveryMs: number,
  { onTold, onRemove }: Watching = {},
): Promise<Run> {
  const state = { disk, told: 0, appended: 0, removedThrough: 0, halves: 0, wrong: [] as string[] }
  let busy = false
  disk.latency = async () => {
    busy = true
    await turn()
    busy = false
  }
  let opened: LogHarness | null = null
  const send = (): void => {
    if (opened === null || state.appended >= enough) return
    try {
      state.appended = opened.append(`record ${opened.log.nextPosition}`)
    } catch (error) {
      if (!isColumbaError(error, 'POISONED') && !isColumbaError(error, 'CLOSED')) throw error
    }
  }
  const result = (): Run => ({ ...state, opened })
  try {
    opened = await openLog(disk, {
      ...sizes,
      durability: { syncEveryMs },
      onGroup({ firstPosition, count }) {
        if (firstPosition !== state.told + 1) state.wrong.push(`told ${firstPosition} after ${state.told}`)
        if ((opened?.failures.length ?? 0) > 0) state.wrong.push('told after the failure was')
        state.told += count
        if (busy) state.halves += count
        onTold?.(state.told)
        for (let call = 0; call < count; call++) send()
      },
    })
  } catch {
    return result()
  }
  const { log, clock } = opened
  for (let call = 0; call < perWave; call++) send()
  for (let turns = 0; turns < 400 && state.told < enough && log.failed === null; turns++) {
    await turn()
    clock.advance(1)
    if (turns % 16 === 7) log.pause()
    if (turns % 16 === 11) log.resume()
    if (turns % 40 === 9) void log.syncThrough(log.nextPosition - 1).catch(() => undefined)
    if (state.removedThrough === 0 && log.syncedPosition > 800) {
      state.removedThrough = log.durablePosition
      onRemove?.(state.removedThrough)
      await log.removeThrough(state.removedThrough).catch(() => undefined)
    }
    if (state.told > enough - perWave) break
  }
  await log.close().catch(() => undefined)
  return result()
}

/** Holds the files that are left against what was told by then. */
async function wrongAbout(disk: MemoryFileSystem, { opened, ...then }: Run, told: number): Promise<string[]> {
  const again = await openLog(disk, { ...sizes, afterPosition: then.removedThrough })
  await again.log.close()
  const last = again.report.lastPosition
  const possible = Math.max(opened?.failures[0]?.unknownThrough ?? then.appended, then.removedThrough)
  const right = [...expected(then.removedThrough + 1, last)]
  return Object.entries({
    'other records than were sent': !isDeepStrictEqual([...again.recovered], right),
    [`told of ${told}, there is ${last}`]: told > last,
    'refused records there': last > possible,
    'files left open': disk.openHandles !== 0,
  })
    .filter(([, wrong]) => wrong)
    .map(([what]) => what)
}

async function operationsOf(syncEveryMs: number): Promise<number> {
  const { disk, halves, told, wrong, opened } = await run(new MemoryFileSystem(), syncEveryMs)
  expect({ wrong, failures: opened?.failures }).toEqual({ wrong: [], failures: [] })
  expect(told).toBe(enough)
  // Else this file would test nothing of what it is for.
  if (syncEveryMs === 0) expect(halves).toBeGreaterThan(50)
  return disk.operations
}

describe.each(modes)('with many waiting, $mode', ({ syncEveryMs }) => {
  test.each([
    { forGood: false, code: 'EIO' },
    { forGood: true, code: 'ENOSPC' },
  ])(
    'each operation fails (for good: $forGood): nobody is told late, twice, in vain or not at all',
    async ({ forGood, code }) => {
      const end = await operationsOf(syncEveryMs)
      const wrong: string[] = []
      let failures = 0
      for (let n = 1; n <= end; n++) {
        const disk = new MemoryFileSystem()
        disk.intercept = (_operation, path, count) => {
          if (count === n || (forGood && count > n)) throw failure(code, path)
          return undefined
        }
        const then = await run(disk, syncEveryMs)
        disk.intercept = () => undefined
        failures += then.opened?.failures.length ?? 0
        const found = [...then.wrong, ...(await wrongAbout(disk.afterKill(), then, then.told))]
        if (then.opened !== null) {
          const { log } = then.opened
          if (then.told < Math.min(log.syncedPosition, then.appended)) found.push('durable and not told')
          for (const left of syncEveryMs === 0 ? disk.afterPowerCuts() : [])
            found.push(...(await wrongAbout(left, then, then.told)))
        }
        wrong.push(...found.map((what) => `${disk.journal[n - 1]} (operation ${n}): ${what}`))
      }
      expect(wrong).toEqual([])
      expect(failures).toBeGreaterThan(10)
    },
  )
})

test('a crash before each operation takes nothing of what was told by then', async () => {
  const end = await operationsOf(0)
  const wrong: string[] = []
  for (let n = 1; n <= end; n++) {
    const disk = new MemoryFileSystem()
    const now = { told: 0, removedThrough: 0 }
    const crashes: { left: MemoryFileSystem; told: number; removedThrough: number }[] = []
    disk.intercept = (_operation, _path, count) => {
      if (count !== n) return undefined
      for (const left of [disk.afterKill(), ...disk.afterPowerCuts()]) crashes.push({ left, ...now })
      return undefined
    }
    const then = await run(disk, 0, {
      onRemove: (through) => (now.removedThrough = through),
      onTold: (through) => (now.told = through),
    })
    for (const { left, told, removedThrough } of crashes) {
      const found = await wrongAbout(left, { ...then, removedThrough }, told)
      wrong.push(...found.map((what) => `before ${disk.journal[n - 1]} (operation ${n}): ${what}`))
    }
  }
  expect(wrong).toEqual([])
})

test('at the moment when somebody is told a power cut could not take it any more', async () => {
  let looks = 0
  const disk = new MemoryFileSystem()
  const then = await run(disk, 0, {
    onTold(through) {
      const left = [...disk.afterPowerCut().files.values()].map(({ content }) => content)
      looks++
      if (!left.some((content) => content.includes(`record ${through}`)))
        throw new Error(`told of ${through}`)
    },
  })
  expect(then.opened?.failures).toEqual([])
  expect(looks).toBeGreaterThan(10)
})

test('after an error of whoever is told nobody is told of anything any more', async () => {
  let bad = 0
  for (let wasMet = true; wasMet;) {
    bad++
    let times = 0
    const then = await run(new MemoryFileSystem(), 0, {
      onTold() {
        if (++times === bad) throw new Error('boom')
      },
    })
    wasMet = times >= bad
    expect(then.wrong).toEqual([])
    if (wasMet) expect([times, then.opened?.failures.length]).toEqual([bad, 1])
  }
  expect(bad).toBeGreaterThan(10)
})

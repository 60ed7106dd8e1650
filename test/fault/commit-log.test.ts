import { isDeepStrictEqual } from 'node:util'
import { describe, expect, test } from 'vitest'
import { isColumbaError } from '../../src/errors.js'
import type { HarnessOptions, LogHarness } from '../fixtures/log-harness.js'
import { expected, openLog } from '../fixtures/log-harness.js'
import type { FileOperation } from '../fixtures/memory-file-system.js'
import { failure, MemoryFileSystem } from '../fixtures/memory-file-system.js'

const options: HarnessOptions = { segmentBytes: 1024, preallocate: true }
const waves = 14
const recordsPerWave = 3

interface Run {
  readonly disk: MemoryFileSystem
  readonly opened: LogHarness | null
  readonly appended: number
  /** What `removeThrough` was allowed to take away. */
  readonly removedThrough: number
}

/** Sends in waves over some rotations, removes old segments in between, and closes. Errors end what they concern. */
async function workload(
  disk: MemoryFileSystem,
  settings: HarnessOptions = options,
  onRemove: (through: number) => void = () => undefined,
): Promise<Run> {
  let opened: LogHarness
  try {
    opened = await openLog(disk, settings)
  } catch {
    return { disk, opened: null, appended: 0, removedThrough: 0 }
  }
  let appended = 0
  let removedThrough = 0
  try {
    for (let wave = 1; wave <= waves; wave++) {
      for (let record = 0; record < recordsPerWave; record++) {
        appended = opened.append(`record ${opened.log.nextPosition}`)
      }
      await opened.rest()
      if (wave === 8) {
        removedThrough = opened.log.syncedPosition
        onRemove(removedThrough)
        await opened.log.removeThrough(removedThrough).catch(() => undefined)
      }
    }
  } catch (error) {
    if (!isColumbaError(error, 'POISONED')) throw error
  }
  await opened.log.close().catch(() => undefined)
  return { disk, opened, appended, removedThrough }
}

async function operationsOf(settings?: HarnessOptions): Promise<number> {
  const { disk } = await workload(new MemoryFileSystem(), settings)
  return disk.operations
}

/**
 * What is wrong about the files that a run left: everything acknowledged has to be there, nothing that was refused for
 * certain, all of it a prefix of what was sent, and a second opening has to find the same.
 */
async function wrongAbout(
  disk: MemoryFileSystem,
  run: Run,
  acknowledged: readonly number[],
): Promise<string[]> {
  const settings = { ...options, afterPosition: run.removedThrough }
  const again = await openLog(disk, settings)
  await again.log.close()
  const third = await openLog(disk, settings)
  await third.log.close()
  const last = again.report.lastPosition
  const possible = Math.max(run.opened?.failures[0]?.unknownThrough ?? run.appended, run.removedThrough)
  const right = new Map(expected(run.removedThrough + 1, last))
  return Object.entries({
    'other records than were sent': !isDeepStrictEqual([...again.recovered], [...right]),
    'acknowledged records lost': acknowledged.some((position) => position > last),
    'refused records there': last > possible,
    'another answer at the second opening': !isDeepStrictEqual([...third.recovered], [...again.recovered]),
    'files left open': disk.openHandles !== 0,
  })
    .filter(([, wrong]) => wrong)
    .map(([what]) => what)
}

/** What is wrong about how the log behaved after a failure. */
function wrongAfterFailure({ opened, disk }: Run, code: string): string[] {
  if (opened === null) return disk.openHandles === 0 ? [] : ['files left open by a failed opening']
  const { log, failures } = opened
  return Object.entries({
    'told twice': failures.length > 1,
    'files left open': disk.openHandles !== 0,
    'another cause': log.failed !== null && (log.failed as NodeJS.ErrnoException).code !== code,
    'failed and did not tell': log.failed !== null && failures[0]?.cause !== log.failed,
    'told and did not fail': log.failed === null && failures.length > 0,
  })
    .filter(([, wrong]) => wrong)
    .map(([what]) => what)
}

function failing(n: number, forGood: boolean, code: string): MemoryFileSystem {
  const disk = new MemoryFileSystem()
  disk.intercept = (_operation, path, count) => {
    if (count === n || (forGood && count > n)) throw failure(code, path)
    return undefined
  }
  return disk
}

describe.each([
  { forGood: false, code: 'EIO' },
  { forGood: true, code: 'ENOSPC' },
])('each operation of a workload fails (for good: $forGood)', ({ forGood, code }) => {
  test('nothing acknowledged is lost, nothing refused appears, and the failure sticks', async () => {
    const end = await operationsOf()
    expect(end).toBeGreaterThan(50)
    const wrong: string[] = []
    let failures = 0
    for (let n = 1; n <= end; n++) {
      const disk = failing(n, forGood, code)
      const run = await workload(disk)
      disk.intercept = () => undefined
      failures += run.opened?.failures.length ?? 0
      const acknowledged = [...(run.opened?.acknowledged.keys() ?? [])]
      const found = wrongAfterFailure(run, code)
      for (const left of [disk.afterKill(), ...disk.afterPowerCuts()])
        found.push(...(await wrongAbout(left, run, acknowledged)))
      wrong.push(...found.map((what) => `${disk.journal[n - 1]} (operation ${n}): ${what}`))
    }
    expect(wrong).toEqual([])
    expect(failures).toBeGreaterThan(20)
  })
})

test.each(['write', 'sync'] satisfies FileOperation[])(
  'after a failed %s of a segment nothing is written to it or synced any more',
  async (operation) => {
    for (let nth = 1; nth <= 10; nth++) {
      const disk = new MemoryFileSystem()
      let seen = 0
      let failedAt = Infinity
      disk.intercept = (present, path, count) => {
        if (present === operation && path.includes('segment-') && ++seen === nth) {
          failedAt = count
          throw failure('EIO', path)
        }
        return undefined
      }
      const run = await workload(disk, { ...options, preallocate: false })
      expect(run.opened?.failures).toHaveLength(1)
      const after = disk.journal.slice(failedAt)
      expect(after.filter((line) => /^(write|sync|truncate|rename)/.test(line))).toEqual([])
    }
  },
)

test('what was handed to the disk is unknown, what waited behind it is not', async () => {
  const disk = new MemoryFileSystem()
  const { append, rest, failures, log } = await openLog(disk, { chunkBytes: 1024 })
  append('record 1')
  await rest()
  disk.intercept = (operation, path) => {
    if (operation !== 'sync') return undefined
    for (let record = 0; record < 5; record++) append(`behind ${record}`)
    throw failure('EIO', path)
  }
  append('record 2')
  append('record 3')
  const synced = log.syncThrough(3)
  await expect(synced).rejects.toMatchObject({ code: 'POISONED', cause: { code: 'EIO' } })
  await rest()
  expect(failures).toEqual([{ cause: expect.objectContaining({ code: 'EIO' }), unknownThrough: 3 }])
  expect([log.durablePosition, log.nextPosition]).toEqual([1, 9])
  disk.intercept = () => undefined
  expect(() => log.reserve(1)).toThrow(expect.objectContaining({ code: 'POISONED' }))
  await log.close()
  expect([...(await openLog(disk)).recovered.values()]).toEqual(['record 1', 'record 2', 'record 3'])
})

test('an error of whoever is told of a group fails the log', async () => {
  const boom = new Error('boom')
  const { append, rest, failures, log } = await openLog(new MemoryFileSystem(), {
    onGroup: () => {
      throw boom
    },
  })
  append('record 1')
  await rest()
  expect(failures).toEqual([{ cause: boom, unknownThrough: 1 }])
  await log.close()
})

describe('short writes', () => {
  test.each([1, 7, 100])('of %i bytes are continued', async (most) => {
    const disk = new MemoryFileSystem()
    disk.intercept = (operation) => (operation === 'write' ? most : undefined)
    const run = await workload(disk)
    expect(run.opened?.failures).toEqual([])
    expect(run.opened?.acknowledged.size).toBe(waves * recordsPerWave)
    disk.intercept = () => undefined
    expect(await wrongAbout(disk, run, [waves * recordsPerWave])).toEqual([])
  })

  test('of nothing: once is tried again, twice is an error', async () => {
    const disk = new MemoryFileSystem()
    const { append, rest, failures, acknowledged, log } = await openLog(disk)
    let empty = 1
    disk.intercept = (operation) => (operation === 'write' && empty-- > 0 ? 0 : undefined)
    append('record 1')
    await rest()
    expect(acknowledged.size).toBe(1)
    empty = 2
    append('record 2')
    await rest()
    expect(failures).toHaveLength(1)
    await log.close()
  })
})

describe('a crash before each operation', () => {
  test('of a workload: what was acknowledged by then survives a kill and a power cut', async () => {
    const end = await operationsOf()
    const wrong: string[] = []
    for (let n = 1; n <= end; n++) {
      const disk = new MemoryFileSystem()
      const acknowledged: number[] = []
      let removedThrough = 0
      const crashes: { left: MemoryFileSystem; removedThrough: number; known: number[] }[] = []
      disk.intercept = (_operation, _path, count) => {
        if (count !== n) return undefined
        for (const left of [disk.afterKill(), ...disk.afterPowerCuts()])
          crashes.push({ left, removedThrough, known: [...acknowledged] })
        return undefined
      }
      const onGroup: HarnessOptions['onGroup'] = ({ firstPosition, count }) =>
        acknowledged.push(firstPosition + count - 1)
      const run = await workload(disk, { ...options, onGroup }, (through) => {
        removedThrough = through
      })
      for (const crash of crashes) {
        const then = { ...run, removedThrough: crash.removedThrough }
        const found = await wrongAbout(crash.left, then, crash.known)
        wrong.push(...found.map((what) => `before ${disk.journal[n - 1]} (operation ${n}): ${what}`))
      }
    }
    expect(wrong).toEqual([])
  })

  test('of recovery: the next one finds the same', async () => {
    const disk = new MemoryFileSystem()
    const { append, rest } = await openLog(disk, options)
    for (let wave = 0; wave < waves; wave++) {
      append(`record ${wave + 1}`)
      await rest()
    }
    const torn = disk.afterKill()
    const last = [...torn.files.keys()].toSorted().at(-1)!
    torn.put(last, Buffer.concat([torn.content(last), Buffer.from('torn')]))
    const recovery = torn.afterKill()
    const crashes: MemoryFileSystem[] = []
    recovery.intercept = () => {
      crashes.push(recovery.afterKill(), ...recovery.afterPowerCuts())
      return undefined
    }
    const settled = await openLog(recovery, options)
    recovery.intercept = () => undefined
    await settled.log.close()
    expect(crashes.length).toBeGreaterThan(20)
    for (const crash of crashes) {
      const again = await openLog(crash, options)
      expect([...again.recovered]).toEqual([...settled.recovered])
      const kept = [...crash.files].filter(([path]) => path.includes('.torn-'))
      expect(kept.map(([, { content }]) => content.toString().replaceAll('\0', ''))).toEqual(['torn'])
      await again.log.close()
    }
  })
})

test.each(['write', 'sync'] as const)(
  'a failed %s takes nothing from those whose group was durable before: they are told',
  async (broken) => {
    const disk = new MemoryFileSystem()
    let told = 0
    const opened = await openLog(disk, {
      onGroup: ({ count }) => {
        told += count
        // Whoever is told sends again, so that groups of two halves follow each other.
        for (let call = 0; call < count; call++) opened.append('x')
      },
    })
    let operations = 0
    disk.intercept = (operation, path) => {
      if (operation === broken && path.includes('segment') && ++operations === 5) throw failure('EIO', path)
      return undefined
    }
    for (let call = 0; call < 100; call++) opened.append('x')
    await opened.rest()
    expect(opened.failures).toHaveLength(1)
    expect(told).toBe(opened.log.syncedPosition)
    expect(told).toBeGreaterThan(100)
    await opened.log.close()
  },
)

import { execFile } from 'node:child_process'
import { mkdir, readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { fileURLToPath } from 'node:url'
import { openClassicLevel } from '../../../src/local/shards/classic-level-opener.js'
import type { Fault, FileOperation, Faults } from '../../../src/simulation/faults.js'
import type { SimulatedDisk } from '../../../src/simulation/simulated-disk.js'
import { straceOptions } from '../../crash/injected.js'
import { type SimulatedFiles, simulatedFiles } from '../../fixtures/simulated-files.js'
import { temporaryDirectory } from '../../fixtures/temporary-directory.js'
import { type LevelScript, playScript } from './level-script.js'

type Call = 'write' | 'openat' | 'fdatasync' | 'fsync' | 'rename' | 'unlink'

/** What each call of LevelDB is in the simulation. */
const operations: Readonly<Record<Call, FileOperation>> = {
  write: 'write',
  openat: 'open',
  fdatasync: 'sync',
  fsync: 'syncDirectory',
  rename: 'rename',
  unlink: 'unlink',
}

/** One call that fails: the nth of its kind on a file; no name: the directory. */
interface LevelFault {
  readonly call: Call
  readonly error: string
  readonly file: string
  readonly nth: number
  /** What LevelDB writes in several pieces is one write in the simulation. */
  readonly nthSimulated?: number
}

export interface LevelFailure extends LevelScript {
  /** While `steps` are played. */
  readonly fault: LevelFault
  /** Steps that are played behind that, when nothing fails any more. */
  readonly afterwards: string
  readonly told: readonly string[]
  /** Where LevelDB loses less than the simulation. */
  readonly toldReal?: readonly string[]
}

/** Larger than a block of LevelDB's log; two of them fill its memory. */
const large = 40_000
const small = 100

/** What comes of it where the first flush cannot make its table. */
const noTable: Omit<LevelFailure, 'fault'> = {
  rowBytes: small,
  steps: 'open a flush b flush',
  afterwards: 'open c',
  told: [
    'there: ',
    'a: accepted',
    'flushed: 1 left',
    'b: rejected',
    'flushed: 2 left',
    'there: a',
    'c: accepted',
  ],
}

/** What comes of it where the list of tables fails at the second flush. */
const noLaterList: Omit<LevelFailure, 'fault'> = {
  rowBytes: small,
  steps: 'open a flush b flush c flush',
  afterwards: 'open d',
  told: [
    'there: ',
    'a: accepted',
    'flushed: 0 left',
    'b: accepted',
    'flushed: 1 left',
    'c: rejected',
    'flushed: 2 left',
    'there: ab',
    'd: accepted',
  ],
}

/** Failures of LevelDB 1.20 that the simulated one is made after. The numbers of files are the same in both. */
export const levelFailures: Readonly<Record<string, LevelFailure>> = {
  'a failed write of the log rejects one row, and of what is accepted behind it nothing is there again': {
    fault: { call: 'write', error: 'ENOSPC', file: '000003.log', nth: 5, nthSimulated: 2 },
    rowBytes: large,
    steps: 'open a b c',
    afterwards: 'open',
    told: ['there: ', 'a: accepted', 'b: rejected', 'c: accepted', 'there: a'],
  },
  'the same with rows that share a block of the log: LevelDB still has them': {
    fault: { call: 'write', error: 'ENOSPC', file: '000003.log', nth: 2 },
    rowBytes: small,
    steps: 'open a b c',
    afterwards: 'open',
    told: ['there: ', 'a: accepted', 'b: rejected', 'c: accepted', 'there: a'],
    toldReal: ['there: ', 'a: accepted', 'b: rejected', 'c: accepted', 'there: ac'],
  },
  'a flush behind a failed write of the log saves what was accepted': {
    fault: { call: 'write', error: 'ENOSPC', file: '000003.log', nth: 5, nthSimulated: 2 },
    rowBytes: large,
    steps: 'open a b c flush',
    afterwards: 'open',
    told: ['there: ', 'a: accepted', 'b: rejected', 'c: accepted', 'flushed: 0 left', 'there: ac'],
  },
  'a log that cannot be begun makes a flush do nothing, without a word, and the next one do it': {
    fault: { call: 'openat', error: 'EMFILE', file: '000004.log', nth: 1 },
    rowBytes: small,
    steps: 'open a flush b flush',
    afterwards: 'open',
    told: ['there: ', 'a: accepted', 'flushed: 1 left', 'b: accepted', 'flushed: 0 left', 'there: ab'],
  },
  'a log that cannot be begun when memory is full rejects one row': {
    fault: { call: 'openat', error: 'EMFILE', file: '000004.log', nth: 1 },
    rowBytes: large,
    steps: 'open a b c d flush',
    afterwards: 'open',
    told: [
      'there: ',
      'a: accepted',
      'b: accepted',
      'c: rejected',
      'd: accepted',
      'flushed: 0 left',
      'there: abd',
    ],
  },
  'a table that cannot be synced: no more writes, no word of flushes, and the logs stay': {
    fault: { call: 'fdatasync', error: 'EIO', file: '000005.ldb', nth: 1 },
    ...noTable,
  },
  'a table that cannot be written: the same': {
    fault: { call: 'write', error: 'ENOSPC', file: '000005.ldb', nth: 1 },
    ...noTable,
  },
  'a table that cannot be made: the same': {
    fault: { call: 'openat', error: 'EMFILE', file: '000005.ldb', nth: 1 },
    ...noTable,
  },
  // The first of these calls are those of the opening, which strace counts by themselves: it has another thread.
  'a list of tables that cannot be synced: the same': {
    fault: { call: 'fdatasync', error: 'EIO', file: 'MANIFEST-000002', nth: 2, nthSimulated: 3 },
    ...noLaterList,
  },
  'a list of tables that cannot be written: the same': {
    fault: { call: 'write', error: 'ENOSPC', file: 'MANIFEST-000002', nth: 3, nthSimulated: 4 },
    rowBytes: small,
    steps: 'open a flush b flush c flush d flush',
    afterwards: 'open e',
    told: [
      'there: ',
      'a: accepted',
      'flushed: 0 left',
      'b: accepted',
      'flushed: 0 left',
      'c: accepted',
      'flushed: 1 left',
      'd: rejected',
      'flushed: 2 left',
      'there: abc',
      'e: accepted',
    ],
  },
  'a directory that cannot be synced: the same': {
    fault: { call: 'fsync', error: 'EIO', file: '', nth: 2, nthSimulated: 3 },
    ...noLaterList,
  },
  'a log that cannot be removed stays until the next flush': {
    fault: { call: 'unlink', error: 'EIO', file: '000003.log', nth: 1 },
    rowBytes: small,
    steps: 'open a flush b flush',
    afterwards: 'open',
    told: ['there: ', 'a: accepted', 'flushed: 1 left', 'b: accepted', 'flushed: 0 left', 'there: ab'],
  },
  'a database whose name cannot be given to its list is refused, and made by the next opening': {
    fault: { call: 'rename', error: 'EIO', file: '000001.dbtmp', nth: 1 },
    rowBytes: small,
    steps: 'open a',
    afterwards: 'open a close open',
    told: ['refused', 'a: not open', 'there: ', 'a: accepted', 'there: a'],
  },
  'a recovery that cannot write its table is refused, and done by the next opening': {
    fault: { call: 'write', error: 'ENOSPC', file: '000005.ldb', nth: 1 },
    rowBytes: small,
    steps: 'open a close open',
    afterwards: 'open',
    told: ['there: ', 'a: accepted', 'refused', 'there: a'],
  },
}

/** What LevelDB told, and whether the call that was to fail has come. */
export interface Played {
  readonly told: readonly string[]
  readonly failed: boolean
}

const run = promisify(execFile)
const worker = fileURLToPath(new URL('level-script-worker.js', import.meta.url))

/** One pool thread, because strace counts the calls of each thread on its own. */
const environment = { ...process.env, UV_THREADPOOL_SIZE: '1' }

/** Lets a process of its own play a script under strace; returns what it told, and what strace saw. */
async function trace(script: LevelScript, options: (directory: string) => readonly string[]) {
  const desk = await temporaryDirectory()
  const directory = join(desk, 'shard')
  await mkdir(directory)
  const seen = join(desk, 'seen')
  const { rowBytes, steps } = script
  const command = [process.execPath, worker, directory, JSON.stringify({ rowBytes, steps })]
  const through = [...straceOptions, '-o', seen, ...options(directory), ...command]
  const { stdout } = await run('strace', through, { env: environment })
  return { directory, told: JSON.parse(stdout) as string[], seen: await readFile(seen, 'latin1') }
}

export async function playOnReal({ fault, afterwards, ...script }: LevelFailure): Promise<Played> {
  const { call, error, file, nth } = fault
  const { directory, told, seen } = await trace(script, (shard) => [
    ...['-P', join(shard, file), '-e', `trace=${call}`],
    ...['-e', `inject=${call}:error=${error}:when=${nth}`],
  ])
  const place = { open: openClassicLevel, directory, names: () => readdir(directory) }
  const toldAfterwards = await playScript(place, { ...script, steps: afterwards })
  return { told: [...told, ...toldAfterwards], failed: seen.includes('(INJECTED)') }
}

export async function playOnSimulated({ fault, afterwards, ...script }: LevelFailure): Promise<Played> {
  const { call, error, file, nth, nthSimulated = nth } = fault
  let count = 0
  const next = (operation: FileOperation, path: string): Fault | null => {
    if (operation !== operations[call] || !path.startsWith(join(simulatedShard, file))) return null
    return ++count === nthSimulated ? { kind: 'error', code: error } : null
  }
  const told = await simulate([script, { ...script, steps: afterwards }], () => next)
  return { told, failed: count >= nthSimulated }
}

const simulatedShard = '/shard'

async function simulate(
  scripts: readonly LevelScript[],
  faults: (disk: () => SimulatedDisk) => Faults['next'],
): Promise<string[]> {
  const files: SimulatedFiles = simulatedFiles(simulatedShard, 1, { next: faults(() => files.disk) })
  const { fileSystem, openLevel, settle } = files
  const names = (): Promise<string[]> => fileSystem.list(simulatedShard)
  const told: string[] = []
  for (const script of scripts)
    told.push(...(await settle(playScript({ open: openLevel, directory: simulatedShard, names }, script))))
  return told
}

/** What decides over what a power cut leaves: which files are made, synced, renamed and removed, in which order. */
export async function changesOnReal(script: LevelScript): Promise<string[]> {
  const calls = 'trace=openat,fdatasync,fsync,rename,unlink'
  const { directory, seen } = await trace(script, () => ['-y', '-e', calls])
  const path = (name: string): string => `${directory}/${name}`
  const [name, other] = [path('([^">]+)'), path('([^">]+)')]
  return changes(seen.split('\n'), [
    [new RegExp(`openat.* "${name}", [A-Z_|]*O_CREAT`), 'make'],
    [new RegExp(`fdatasync.*<${name}>`), 'sync'],
    [new RegExp(`fsync.*<${directory}>`), 'sync the directory'],
    [new RegExp(`rename."${name}", "${other}"`), 'rename'],
    [new RegExp(`unlink."${name}"`), 'remove'],
  ])
}

export async function changesOnSimulated(script: LevelScript): Promise<string[]> {
  const seen: string[] = []
  await simulate([script], (disk) => (operation, path) => {
    // What is opened and not there is made.
    const isMade = operation === 'open' && disk().find(path, operation) === null
    seen.push(`${isMade ? 'make' : operation} ${path}`)
    return null
  })
  const name = `${simulatedShard}/([^ ]+)`
  return changes(seen, [
    [new RegExp(`^make ${name}`), 'make'],
    [new RegExp(`^sync ${name}`), 'sync'],
    [new RegExp(`^syncDirectory ${simulatedShard}$`), 'sync the directory'],
    [new RegExp(`^rename ${name} ${name}`), 'rename'],
    [new RegExp(`^unlink ${name}`), 'remove'],
  ])
}

/** The lines that a pattern fits, in words; without what LevelDB writes for people, and its lock. */
function changes(lines: readonly string[], patterns: readonly (readonly [RegExp, string])[]): string[] {
  const found: string[] = []
  for (const line of lines) {
    for (const [pattern, what] of patterns) {
      const names = pattern.exec(line)?.slice(1)
      if (names === undefined) continue
      if (!/^LO(?:CK|G)/.test(names[0] ?? '')) found.push([what, ...names].join(' '))
      break
    }
  }
  return inOrder(found)
}

/** What is removed together is removed in the order in which the directory lists it. */
function inOrder(found: readonly string[]): string[] {
  const isRemoval = (at: number): boolean => found[at]?.startsWith('remove') === true
  const sorted: string[] = []
  for (let at = 0; at < found.length;) {
    let end = at + 1
    while (isRemoval(at) && isRemoval(end)) end++
    sorted.push(...found.slice(at, end).sort())
    at = end
  }
  return sorted
}

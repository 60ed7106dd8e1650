import { execFileSync } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { shardsDirectory } from '../../src/formats/shard-names.js'
import { addHistory, nothingYet, toldOf } from './crash-result.js'
import type { CrashResult } from './crash-result.js'
import { CrashRig } from './crash-rig.js'
import { crashVariants } from './crash-store.js'
import type { CrashVariant } from './crash-store.js'
import type { Ended, FaultInTheWay } from './way-to-die.js'

/** A fault that a worker meets while it works. */
export interface InjectedFault {
  readonly name: string
  /** It comes at one of the first so many calls: about as many of its kind as a worker makes, or as leave it something to do. */
  readonly among: number
  /** `hit` says which of the calls of a kind meets it; strace writes to `log`. */
  readonly at: (hit: number, log: string, location: string) => FaultInTheWay
  /** Whether the worker has met it, as `log` or its journal says. */
  readonly isMet: (ended: Ended, log: string) => Promise<boolean>
}

/** Nothing stops at calls that nobody asks for. (A signal comes at a process's first call or never then.) */
export const straceOptions = ['-f', '-qq', '--seccomp-bpf']
const whereSignals = ['-f', '-qq']

const isSignal = (fault: string): boolean => fault.startsWith('signal')

/** One pool thread, because strace counts the calls of each thread on its own. */
const strace = (
  call: string,
  fault: string,
  among = 60,
  filter: (location: string) => readonly string[] = () => [],
): InjectedFault => ({
  name: `${call}: ${fault}`,
  among,
  at: (hit, log, location) => ({
    kills: isSignal(fault),
    through: [
      ...['env', 'UV_THREADPOOL_SIZE=1', 'strace', ...(isSignal(fault) ? whereSignals : straceOptions)],
      ...['-o', log, ...filter(location)],
      ...['-e', `trace=${call}`, '-e', `inject=${call}:${fault}:when=${hit}`],
    ],
  }),
  isMet: async ({ signal }, log) =>
    isSignal(fault) ? signal === 'SIGKILL' : (await readFile(log, 'utf8')).includes('(INJECTED)'),
})

/** Files that LevelDB may come to have in its first shards, as strace wants to be told of them. */
function ofLevel(location: string): string[] {
  const numbers = Array.from({ length: 200 }, (_, number) => String(number).padStart(6, '0'))
  return ['0000', '0001', '0002'].flatMap((shard) =>
    numbers
      .flatMap((number) => [`${number}.log`, `${number}.ldb`, `MANIFEST-${number}`])
      .flatMap((name) => ['-P', join(location, shardsDirectory, shard, name)]),
  )
}

const limited = (limit: string): readonly string[] => ['bash', '-c', `${limit}; exec "$@"`, 'bash']

/**
 * Errors of the system, and death, at the nth call of a kind: of the log, the body files, the manifest and LevelDB. Content is
 * written by pwrite64, but by LevelDB, which writes by write, as everybody does who writes to a pipe: there only its files count.
 */
export const systemCallFaults: readonly InjectedFault[] = [
  strace('fdatasync', 'error=EIO'),
  strace('fdatasync', 'signal=SIGKILL'),
  strace('pwrite64', 'error=ENOSPC'),
  strace('pwrite64', 'signal=SIGKILL'),
  strace('rename', 'error=EIO', 40),
  strace('rename', 'signal=SIGKILL', 40),
  strace('unlink', 'error=EIO', 24),
  strace('unlink', 'signal=SIGKILL', 24),
  strace('ftruncate', 'error=EIO', 8),
  strace('fsync', 'error=EIO'),
  strace('write', 'error=ENOSPC', 60, ofLevel),
  strace('openat', 'error=EMFILE', 24, ofLevel),
]

export const limitFaults: readonly InjectedFault[] = [
  {
    name: 'files that cannot grow',
    among: 60,
    // In blocks of 1,024 bytes: a write that meets the limit is short, and the next one fails with EFBIG.
    at: (hit) => ({ kills: false, through: limited(`trap '' XFSZ; ulimit -f ${8 + hit}`) }),
    isMet: async ({ told }) => told,
  },
  {
    name: 'few file descriptors',
    among: 30,
    // Node opens many files at once while it loads modules, so the worker itself takes what is too many, behind that.
    at: (hit) => ({ kills: false, through: limited('ulimit -n 512'), descriptors: hit }),
    isMet: async ({ told }) => told,
  },
]

export function whyNoStrace(): string | null {
  try {
    const options = [...straceOptions, '-o', '/dev/null', '-e', 'trace=write', 'true']
    execFileSync('strace', options, { stdio: 'pipe' })
    return null
  } catch (error) {
    return `strace cannot be used: ${String(error).trim().replaceAll('\n', '; ')}`
  }
}

/**
 * Lets workers work until `times` of them have met the fault, each at another call, and checks what is left after each. Where
 * one did not get as far, the fault comes earlier for the next one.
 */
export async function meet(
  fault: InjectedFault,
  times: number,
  seed: number,
  variant = crashVariants[seed % 3] as CrashVariant,
): Promise<CrashResult> {
  const desk = await mkdtemp(join(tmpdir(), 'columba-fault-'))
  const log = join(desk, 'strace')
  const result = nothingYet()
  try {
    const location = join(desk, 'store')
    const rig = await CrashRig.create({ location, desk, variant, seed })
    for (let calls = fault.among; result.met < times;) {
      if (result.cycles === 5 * times)
        throw new Error(`only ${result.met} workers have met it: ${toldOf(result)}`)
      // Some it stops, some it kills, some do not get as far: all end by themselves.
      const ended = await rig.work({
        ending: 'close',
        strike: null,
        since: 'working',
        afterMs: 0,
        fault: fault.at(1 + rig.chance.below(calls), log, location),
      })
      result.cycles++
      const isMet = await fault.isMet(ended, log)
      if (isMet) result.met++
      calls = isMet ? fault.among : Math.max(1, calls >> 1)
      await rig.check()
      result.checks++
    }
    addHistory(result, rig.history)
  } catch (error) {
    throw new Error(`${fault.name}, seed ${seed}, "${variant.name}", files in ${desk}`, { cause: error })
  }
  await rm(desk, { recursive: true })
  return result
}

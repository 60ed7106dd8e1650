import { execFileSync } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { shardsDirectory } from '../../src/formats/shard-names.js'
import { CrashRig } from './crash-rig.js'
import { crashVariants } from './crash-store.js'
import type { CrashVariant } from './crash-store.js'

/** A fault that a worker meets while it works. `hit` says which of the calls of a kind it is. */
export interface InjectedFault {
  readonly name: string
  readonly through: (hit: number, location: string) => readonly string[]
}

/** Nothing stops at calls that nobody asks for. */
export const straceOptions = ['-f', '-qq', '--seccomp-bpf']

/** One pool thread, because strace counts the calls of each thread on its own. */
const strace = (
  call: string,
  fault: string,
  filter: (location: string) => readonly string[] = () => [],
): InjectedFault => ({
  name: `${call}: ${fault}`,
  through: (hit, location) => [
    ...['env', 'UV_THREADPOOL_SIZE=1', 'strace', ...straceOptions, '-o', '/dev/null', ...filter(location)],
    ...['-e', `trace=${call}`, '-e', `inject=${call}:${fault}:when=${hit}`],
  ],
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

const limit = (name: string, of: (hit: number) => string): InjectedFault => ({
  name,
  through: (hit) => ['bash', '-c', `${of(hit)}; exec "$@"`, 'bash'],
})

/**
 * Errors of the system, and death, at the nth call of a kind: of the log, the body files, the manifest and LevelDB. Content is
 * written by pwrite64, but by LevelDB, which writes by write, as everybody does who writes to a pipe: there only its files count.
 */
export const systemCallFaults: readonly InjectedFault[] = [
  strace('fdatasync', 'error=EIO'),
  strace('fdatasync', 'signal=SIGKILL'),
  strace('pwrite64', 'error=ENOSPC'),
  strace('pwrite64', 'signal=SIGKILL'),
  strace('rename', 'error=EIO'),
  strace('rename', 'signal=SIGKILL'),
  strace('unlink', 'error=EIO'),
  strace('unlink', 'signal=SIGKILL'),
  strace('ftruncate', 'error=EIO'),
  strace('fsync', 'error=EIO'),
  strace('write', 'error=ENOSPC', ofLevel),
  strace('openat', 'error=EMFILE', ofLevel),
]

export const limitFaults: readonly InjectedFault[] = [
  // In blocks of 1,024 bytes: a write that meets the limit is short, and the next one fails with EFBIG.
  limit('files that cannot grow', (hit) => `trap '' XFSZ; ulimit -f ${6 + hit}`),
  // Node itself needs about 20.
  limit('few file descriptors', (hit) => `ulimit -n ${30 + hit}`),
]

export function whyNoStrace(): string | null {
  try {
    const options = [...straceOptions, '-o', '/dev/null', '-e', 'trace=write', 'true']
    execFileSync('strace', options, { stdio: 'pipe' })
    return null
  } catch (error) {
    return `strace cannot be used: ${String(error).split('\n')[0]}`
  }
}

/** Lets `times` workers meet the fault, each at another call, and checks what is left after each. */
export async function meet(
  fault: InjectedFault,
  times: number,
  seed: number,
  variant = crashVariants[seed % 3] as CrashVariant,
): Promise<{ met: number }> {
  const desk = await mkdtemp(join(tmpdir(), 'columba-fault-'))
  let met = 0
  try {
    const location = join(desk, 'store')
    const rig = await CrashRig.create({ location, desk, variant, seed })
    for (; met < times; met++) {
      const through = fault.through(1 + rig.chance.below(60), location)
      // Some it stops, some it kills, some it does not reach: all end by themselves.
      await rig.work({ ending: 'close', strike: null, since: 'working', afterMs: 0, through })
      await rig.check()
    }
  } catch (error) {
    throw new Error(`${fault.name}, seed ${seed}, "${variant.name}", files in ${desk}`, { cause: error })
  }
  await rm(desk, { recursive: true })
  return { met }
}

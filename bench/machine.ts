import { execFileSync } from 'node:child_process'
import { readFileSync, realpathSync } from 'node:fs'
import { cpus, release, totalmem, type } from 'node:os'

export interface Machine {
  readonly processor: string
  readonly cores: number
  readonly memoryGib: number
  readonly system: string
  readonly fileSystem: string
  readonly node: string
  readonly revision: string
}

/** The file system that the stores are on, from the longest mount point above them. */
function fileSystemOf(directory: string): string {
  try {
    const path = realpathSync(directory)
    const mounts = readFileSync('/proc/self/mounts', 'utf8')
      .trim()
      .split('\n')
      .map((line) => line.split(' '))
      .filter(
        ([, point = '']) => path === point || path.startsWith(point.endsWith('/') ? point : `${point}/`),
      )
      .sort(([, one = ''], [, other = '']) => other.length - one.length)
    const [, , kind = 'unknown', options = ''] = mounts[0] ?? []
    return `${kind} (${options})`
  } catch {
    return 'unknown'
  }
}

function revision(): string {
  try {
    const described = execFileSync('git', ['describe', '--always', '--dirty'], {
      encoding: 'utf8',
      stdio: 'pipe',
    })
    return described.trim()
  } catch {
    return 'unknown'
  }
}

export function machine(directory: string): Machine {
  return {
    processor: cpus()[0]?.model.trim() ?? 'unknown',
    cores: cpus().length,
    memoryGib: Math.round(totalmem() / 1024 ** 3),
    system: `${type()} ${release()}`,
    fileSystem: fileSystemOf(directory),
    node: process.version,
    revision: revision(),
  }
}

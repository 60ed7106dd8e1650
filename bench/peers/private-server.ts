import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { chownSync, existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

/** Where Debian puts servers besides the path. */
const POSTGRES_ROOT = '/usr/lib/postgresql'

export function findProgram(name: string): string | undefined {
  const versions = existsSync(POSTGRES_ROOT)
    ? readdirSync(POSTGRES_ROOT).sort((a, b) => Number(b) - Number(a))
    : []
  const folders = [
    ...(process.env['PATH'] ?? '').split(':'),
    ...versions.map((one) => join(POSTGRES_ROOT, one, 'bin')),
  ]
  return folders.map((folder) => join(folder, name)).find((path) => existsSync(path))
}

/** What the program says it is, for the reports. */
export function programVersion(name: string): string {
  const program = findProgram(name)
  return program === undefined
    ? `${name}, not installed`
    : execFileSync(program, ['--version'], { encoding: 'utf8' }).trim()
}

export interface Account {
  readonly uid: number
  readonly gid: number
}

/** PostgreSQL refuses to run as root: then its own account is used. Undefined: as whoever we are. */
export function serverAccount(name: string): Account | undefined {
  if (process.getuid?.() !== 0) return undefined
  const line = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .find((entry) => entry.startsWith(`${name}:`))
  if (line === undefined) throw new Error(`running as root, and there is no account ${name}`)
  const [, , uid, gid] = line.split(':')
  return { uid: Number(uid), gid: Number(gid) }
}

/** A directory of the server's own. */
export function serverDirectory(path: string, account: Account | undefined): string {
  mkdirSync(path, { recursive: true, mode: 0o700 })
  if (account !== undefined) chownSync(path, account.uid, account.gid)
  return path
}

export function runAs(account: Account | undefined, program: string, parameters: readonly string[]): void {
  execFileSync(program, parameters, { ...account, stdio: ['ignore', 'ignore', 'pipe'] })
}

const START_TIMEOUT_MS = 20_000
const START_POLL_MS = 50

/** A server of the benchmark's own, on a socket in its directory, that lives as long as the contestant. */
export class PrivateServer {
  readonly #process: ChildProcess
  readonly #exited: Promise<void>

  constructor(program: string, parameters: readonly string[], account: Account | undefined) {
    this.#process = spawn(program, parameters, { ...account, stdio: 'ignore' })
    this.#exited = new Promise((resolve) => this.#process.once('exit', () => resolve()))
    process.once('exit', () => this.#process.kill('SIGKILL'))
  }

  /** Resolves with the first connection that works. */
  async connect<Connection>(attempt: () => Promise<Connection>): Promise<Connection> {
    const deadline = Date.now() + START_TIMEOUT_MS
    for (;;) {
      try {
        return await attempt()
      } catch (error) {
        if (Date.now() > deadline || this.#process.exitCode !== null) throw error
        await sleep(START_POLL_MS)
      }
    }
  }

  async stop(signal: NodeJS.Signals): Promise<void> {
    this.#process.kill(signal)
    await this.#exited
  }
}

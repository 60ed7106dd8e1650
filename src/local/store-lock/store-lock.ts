import { threadId } from 'node:worker_threads'
import { ColumbaError } from '../../errors.js'
import { isUnfinishedName, lockName, type LockRecord } from '../../formats/lock-record.js'
import type { Clock } from '../../platform/clock.js'
import type { FileSystem } from '../../platform/file-system.js'
import type { ProcessIdentity } from '../../platform/process-identity.js'
import type { Random } from '../../platform/random.js'
import { Claim } from './claim.js'
import { LockFiles } from './lock-files.js'

export interface StoreLockOptions {
  /** The store's directory; it must exist. */
  readonly directory: string
  readonly fileSystem: FileSystem
  readonly clock: Clock
  readonly random: Random
  readonly process: ProcessIdentity
}

/**
 * The store's own lock: one holder at a time over processes, worker threads and handles. It is taken before any shard
 * is touched, because a mere second opening of a LevelDB in one process drops that process's kernel lock on it.
 *
 *  - Within an isolate a registry by real path answers, synchronously.
 *  - Between isolates and processes `LOCK.json` does. It holds as long as the process in it is running: same boot, same
 *    process number, same start time. What a dead process left is taken over (see `Claim` for why only one can).
 *  - A try that ends in LOCKED has changed nothing for the holder.
 *
 * Limits, also in docs/formats.md: a worker thread that crashed leaves the store locked until its process ends. A lock of
 * another process namespace (another container) cannot be judged and is taken over; then LevelDB's kernel lock decides,
 * and `release({ giveBack: true })` restores what was there. Without /proc (macOS, Windows) a number given to another
 * process looks alive, and `LOCK.json` has to be removed by hand. Network file systems and several machines are not
 * supported.
 */
export class StoreLock {
  /** The lock of a process that is gone, if this one was taken over from it. */
  readonly replaced: LockRecord | null
  readonly #record: LockRecord
  readonly #files: LockFiles
  readonly #registration: Registration

  private constructor(
    record: LockRecord,
    files: LockFiles,
    replaced: LockRecord | null,
    registration: Registration,
  ) {
    this.#record = record
    this.#files = files
    this.replaced = replaced
    this.#registration = registration
  }

  /** Rejects with LOCKED and who holds it: pid, hostname, since (epoch milliseconds), thread. */
  static async acquire(options: StoreLockOptions): Promise<StoreLock> {
    const { fileSystem, process } = options
    const path = await fileSystem.realPath(options.directory)
    const files = new LockFiles(fileSystem, path)
    const key = `store-lock ${path}`
    const here = process.registry.get(key) as LockRecord | undefined
    if (here !== undefined) throw locked(files.path(lockName), here)
    const record = newRecord(options)
    process.registry.set(key, record)
    const registration: Registration = {
      abandon: () => process.registry.set(abandonedKey(record), true),
      forget: () => process.registry.delete(key),
    }
    try {
      return new StoreLock(record, files, await takeFile(record, files, registration, options), registration)
    } catch (error) {
      registration.forget()
      throw error
    }
  }

  /** LOCKED, and who: the lock was taken over from somebody who is alive after all. Null if there was none to take. */
  replacedHolder(): ColumbaError | null {
    return this.replaced === null ? null : locked(this.#files.path(lockName), this.replaced)
  }

  /** False if somebody removed or replaced the lock by hand: then nothing more may be written. */
  async isHeld(): Promise<boolean> {
    const found = await this.#files.read(lockName)
    return found.state === 'read' && found.record.nonce === this.#record.nonce
  }

  /**
   * `giveBack` restores the lock that was taken over, for an opening that found out that its holder is alive after all.
   */
  async release({ giveBack = false }: { readonly giveBack?: boolean } = {}): Promise<void> {
    try {
      if (!(await this.isHeld())) {
        // Somebody in another container has taken it over, and may give it back when nothing is open here any more.
        this.#registration.abandon()
        return
      }
      if (giveBack && this.replaced !== null)
        await this.#files.write(lockName, this.replaced, this.#record.nonce)
      else await this.#files.remove(lockName)
    } catch (error) {
      this.#registration.abandon()
      throw error
    } finally {
      this.#registration.forget()
    }
  }
}

function newRecord({ clock, random, process }: StoreLockOptions): LockRecord {
  return {
    pid: process.pid,
    startTime: process.startTime,
    bootId: process.bootId,
    pidNamespace: process.pidNamespace,
    hostname: process.hostname,
    thread: threadId,
    since: clock.now(),
    nonce: Buffer.from(random.bytes(8)).toString('hex'),
  }
}

/** What the isolate remembers of a lock. */
interface Registration {
  /** Should the file be there, or come back, it is nobody's, although its process runs. */
  readonly abandon: () => void
  readonly forget: () => void
}

const abandonedKey = ({ nonce }: LockRecord): string => `abandoned store-lock ${nonce}`

async function takeFile(
  record: LockRecord,
  files: LockFiles,
  registration: Registration,
  { clock, process }: StoreLockOptions,
): Promise<LockRecord | null> {
  const isHolding = (other: LockRecord): boolean =>
    isRunning(other, process) && !process.registry.has(abandonedKey(other))
  await assertFree(files, isHolding)
  const claim = new Claim(record, files, { clock, isHolding })
  try {
    const before = await claim.enter()
    if (before !== null) throw locked(files.path(before.name), before.record)
    // From here to the rename this is the only one that may replace LOCK.json.
    const replaced = await assertFree(files, isHolding)
    for (const name of await files.list()) if (isUnfinishedName(name)) await files.remove(name)
    await claim.become(lockName)
    return replaced
  } catch (error) {
    try {
      await claim.withdraw()
    } catch {
      registration.abandon()
    }
    throw error
  }
}

/** What a process that is gone has left, or null. */
async function assertFree(
  files: LockFiles,
  isHolding: (record: LockRecord) => boolean,
): Promise<LockRecord | null> {
  const found = await files.read(lockName)
  if (found.state === 'missing') return null
  if (found.state === 'unreadable') throw locked(files.path(lockName), null)
  if (isHolding(found.record)) throw locked(files.path(lockName), found.record)
  return found.record
}

/** Whether the process of a record may still be there. */
function isRunning(record: LockRecord, self: ProcessIdentity): boolean {
  if (record.bootId !== self.bootId) return false
  if (record.pidNamespace !== self.pidNamespace) return false
  return self.isAlive(record.pid, record.startTime)
}

function locked(file: string, holder: LockRecord | null): ColumbaError {
  if (holder === null) {
    const advice = `${file} cannot be read; if no process has the store open, remove it`
    return new ColumbaError('LOCKED', advice, { file })
  }
  const { pid, hostname, since, thread } = holder
  const who = `process ${pid} on ${hostname}${thread === 0 ? '' : `, thread ${thread}`}`
  return new ColumbaError('LOCKED', `the store is open in ${who}`, { file, pid, hostname, since, thread })
}

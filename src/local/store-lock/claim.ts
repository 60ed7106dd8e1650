import { claimName, isClaimName, type LockRecord } from '../../formats/lock-record.js'
import type { Clock } from '../../platform/clock.js'
import type { LockFiles } from './lock-files.js'

const waitMs = 10
const maxWaits = 200
/** Each try that fails is another process that has taken the lock meanwhile. */
const maxWrites = 20

/**
 * The right to replace `LOCK.json`. Two processes may find a stale lock at the same time; with "remove it, then create
 * one's own" the slower one would remove the lock that the faster one has just made. So whoever wants it first makes a
 * claim: a file with a name that nobody else ever uses. Then it looks at all claims, and goes on only if there is no
 * other of a running process.
 *
 * Why two can never go on at once: each makes its claim before it looks, and keeps it until it is done. Of two claims one
 * was made later; its owner looks after both were made, so it sees the other one, unless that is done already. Then the
 * other one's work is finished too, and the later one finds its `LOCK.json`, which it looks at once more.
 *
 * Why one gets through: claims are ordered by their nonce. Who sees a lower one withdraws; who sees only higher ones waits
 * until they have withdrawn or are done. A claim of a process that is gone counts for nothing and is removed; names are
 * never used again, so this cannot hit a living one.
 *
 * The claim becomes the lock by a rename, which ends the one and replaces the other in one step.
 */
export class Claim {
  readonly #record: LockRecord
  readonly #files: LockFiles
  readonly #clock: Clock
  readonly #isHolding: (record: LockRecord) => boolean
  #made = false

  constructor(
    record: LockRecord,
    files: LockFiles,
    world: { readonly clock: Clock; readonly isHolding: (record: LockRecord) => boolean },
  ) {
    this.#record = record
    this.#files = files
    this.#clock = world.clock
    this.#isHolding = world.isHolding
  }

  /** Null if this is the only claim now; otherwise the one that goes first (a null record: nobody can read it). */
  async enter(): Promise<{ readonly name: string; readonly record: LockRecord | null } | null> {
    const own = claimName(this.#record.nonce)
    this.#made = true
    await this.#write(own)
    for (let waits = 0; ; waits++) {
      const others = await this.#others(own)
      const first = others[0]
      if (first === undefined) return null
      if (first.name < own || waits === maxWaits) return first
      await new Promise<void>((resolve) => this.#clock.after(waitMs, resolve, true))
    }
  }

  /** Whoever takes the lock meanwhile clears unfinished files away, this one perhaps among them: then once more. */
  async #write(own: string): Promise<void> {
    for (let tries = 1; ; tries++) {
      try {
        await this.#files.write(own, this.#record, this.#record.nonce)
        return
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || tries === maxWrites) throw error
      }
    }
  }

  async become(name: string): Promise<void> {
    await this.#files.rename(claimName(this.#record.nonce), name)
    this.#made = false
  }

  async withdraw(): Promise<void> {
    if (this.#made) await this.#files.remove(claimName(this.#record.nonce))
    this.#made = false
  }

  /** Claims of others that count, in ascending order. */
  async #others(own: string): Promise<{ name: string; record: LockRecord | null }[]> {
    const others = []
    for (const name of (await this.#files.list()).filter(isClaimName)) {
      if (name === own) continue
      const found = await this.#files.read(name)
      if (found.state === 'missing') continue
      if (found.state === 'unreadable') others.push({ name, record: null })
      else if (this.#isHolding(found.record)) others.push({ name, record: found.record })
      else await this.#files.remove(name)
    }
    return others
  }
}

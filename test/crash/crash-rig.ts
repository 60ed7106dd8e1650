import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { cp, mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { SeededChance } from '../../src/backend/reference/seeded-chance.js'
import { dumpStore } from '../../src/model-checking/dump-store.js'
import { openCrashStore } from './crash-store.js'
import type { CrashVariant } from './crash-store.js'
import { crashUsers } from './crash-world.js'
import type { WorkerPlan } from './crash-world.js'
import { beginHistory } from './history/begin-history.js'
import type { FeedFollowers } from './history/check-feeds.js'
import { checkStore } from './history/check-store.js'
import { History } from './history/history.js'
import { readJournal } from './journal.js'
import { whyOdd } from './odd-ends.js'
import type { Ended, WayToDie } from './way-to-die.js'

const workerPath = fileURLToPath(new URL('worker.js', import.meta.url))

export interface RigOptions {
  /** The store is made in it. */
  readonly location: string
  /** Plans, journals and copies; on another disk than the store when the power is cut. */
  readonly desk: string
  readonly variant: CrashVariant
  readonly seed: number
}

/** One store that many processes die on, and the history of it all. */
export class CrashRig {
  readonly history = new History()
  readonly #options: RigOptions
  readonly #chance: SeededChance
  #feeds!: FeedFollowers

  private constructor(options: RigOptions) {
    this.#options = options
    this.#chance = new SeededChance(options.seed)
  }

  /** With a store that was made, and closed, in peace. */
  static async create(options: RigOptions): Promise<CrashRig> {
    const rig = await CrashRig.withoutStore(options)
    await rig.begin()
    return rig
  }

  /** Whoever opens the store first makes it: `work` without calls; `begin` comes behind that. */
  static async withoutStore(options: RigOptions): Promise<CrashRig> {
    await mkdir(options.desk, { recursive: true })
    return new CrashRig(options)
  }

  /** Opens the store, makes it if need be, and puts in it what the history begins with. */
  async begin(): Promise<void> {
    const store = await openCrashStore(this.#options)
    this.#feeds = await beginHistory(store, this.history)
    await store.close()
  }

  get chance(): SeededChance {
    return this.#chance
  }

  /** Lets one process work and die, and throws if it ends in a way that was not meant for it. Returns how it ended. */
  async work(way: WayToDie): Promise<Ended> {
    const { strike, since, afterMs, fault } = way
    const { history } = this
    history.cycle++
    const plan = this.#plan(way)
    const planPath = join(this.#options.desk, 'plan.json')
    await mkdir(plan.journal)
    await writeFile(planPath, JSON.stringify(plan))
    const through = fault?.through ?? []
    const [program, ...command] = [...through, process.execPath, '--enable-source-maps', workerPath, planPath]
    const worker = spawn(program, command, {
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let output = ''
    worker.stderr.on('data', (text: Buffer) => (output += text.toString()))
    const exited = once(worker, 'close') as Promise<[number | null, NodeJS.Signals | null]>
    if (strike === null) worker.stdout.resume()
    else {
      await Promise.race([said(worker, since), exited])
      await sleep(afterMs)
      await strike(worker)
    }
    const [code, signal] = await exited
    const lines = readJournal(plan.journal)
    const ended: Ended = {
      code,
      signal,
      output,
      opened: lines.some(({ line }) => line === 'opened'),
      told: lines.some(({ line }) => line === 'fault'),
    }
    const odd = whyOdd(way, ended, lines)
    if (odd !== null) throw new Error(`${odd} in cycle ${history.cycle}: ${JSON.stringify(ended)}`)
    history.read(lines)
    await rm(plan.journal, { recursive: true })
    return ended
  }

  /** Whether the next process may work on what the last one left, before any check. */
  maySkipCheck(probability: number): boolean {
    return this.#chance.happens(probability) && !this.history.memberships.isUnsure
  }

  /** Opens the store and holds it against the history; with `twice`, also a copy of what the crash left. */
  async check({ twice = false } = {}): Promise<void> {
    const { location, variant, desk } = this.#options
    const copy = join(desk, 'copy')
    if (twice) await cp(location, copy, { recursive: true })
    const store = await openCrashStore({ location, variant })
    try {
      if (twice) await this.#compareWithCopy(copy, await dumpStore(store, crashUsers))
      await checkStore(store, this.history, this.#feeds, this.#chance.below(2 ** 31))
      if (!twice) return
      const before = await dumpStore(store, crashUsers)
      await store.close()
      const reopened = await openCrashStore({ location, variant })
      const after = await dumpStore(reopened, crashUsers)
      await reopened.close()
      if (!isDeepStrictEqual(before, after)) throw new Error('closing and opening changed what users see')
    } finally {
      await store.close()
    }
  }

  /** Recovery gives the same, whoever does it and how often: the copy is opened twice. */
  async #compareWithCopy(copy: string, expected: unknown): Promise<void> {
    await rm(join(copy, 'LOCK.json'), { force: true })
    for (let time = 1; time <= 2; time++) {
      const store = await openCrashStore({ location: copy, variant: this.#options.variant })
      const found = await dumpStore(store, crashUsers)
      await store.close()
      if (!isDeepStrictEqual(found, expected))
        throw new Error(`recovery of the copy, time ${time}, gives something else`)
    }
    await rm(copy, { recursive: true })
  }

  #plan({ ending, fault, calls = 1500 }: WayToDie): WorkerPlan {
    const { history } = this
    const { location, desk, variant } = this.#options
    const groups = [...history.groups]
      .filter(([, { state }]) => state === 'there')
      .map(([id, { create }]) => ({
        id,
        creator: create.creator,
        members: crashUsers.filter((user) => history.memberships.isIn(id, user)),
      }))
    const retry = [...history.messages.values()].slice(-200).map(({ send }) => send)
    // The first one works for a while: each store has something to lose.
    const sayAfter = history.cycle === 1 ? 200 : 0
    return {
      location,
      journal: join(desk, `journal-${history.cycle}`),
      variant: variant.name,
      cycle: history.cycle,
      seed: this.#chance.below(2 ** 31),
      clients: [1, 4, 24, 64][this.#chance.below(4)] as number,
      calls,
      sayAt: 1 + sayAfter + this.#chance.below(this.#chance.happens(0.2) ? 1200 : 250),
      clockJumps: this.#chance.happens(0.3),
      ending,
      faults: fault !== undefined,
      descriptors: fault?.descriptors ?? null,
      groups,
      retry,
    }
  }
}

/** Resolves when the worker has said the word on its standard output. */
function said(worker: ChildProcess, word: string): Promise<void> {
  let heard = ''
  return new Promise((resolve) => {
    worker.stdout?.on('data', (text: Buffer) => {
      heard += text.toString()
      if (heard.includes(word)) resolve()
    })
  })
}

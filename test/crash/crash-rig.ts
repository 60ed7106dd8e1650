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
import type { Ending, WorkerPlan } from './crash-world.js'
import { FeedFollowers } from './history/check-feeds.js'
import { checkStore } from './history/check-store.js'
import { History } from './history/history.js'
import { readJournal } from './journal.js'

const workerPath = fileURLToPath(new URL('worker.js', import.meta.url))

/** How a process that works on a store is ended, and what happens to the disk under it. */
export interface WayToDie {
  readonly ending: Ending
  /** Milliseconds to wait after `since`, then `strike`; null: let it end by itself. */
  readonly strike: ((worker: ChildProcess) => Promise<void> | void) | null
  readonly since: 'started' | 'opened' | 'working'
  readonly afterMs: number
  /** A command that runs the worker's, such as strace or a shell that sets limits. */
  readonly through?: readonly string[]
}

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

  static async create(options: RigOptions): Promise<CrashRig> {
    await mkdir(options.desk, { recursive: true })
    const rig = new CrashRig(options)
    const store = await openCrashStore(options)
    for (const user of crashUsers) {
      for (const other of crashUsers)
        rig.history.registers.settle(JSON.stringify(['block', user, other]), false)
      await store.users.register({ id: user, name: user })
      rig.history.registers.settle(`profile ${user}`, user)
    }
    rig.#feeds = await FeedFollowers.start(store)
    await store.close()
    return rig
  }

  get chance(): SeededChance {
    return this.#chance
  }

  /** Lets one process work and die. Returns how it ended, for those that end by themselves. */
  async work({
    ending,
    strike,
    since,
    afterMs,
    through = [],
  }: WayToDie): Promise<{ code: number | null; output: string }> {
    const { history } = this
    history.cycle++
    const plan = this.#plan(ending)
    const planPath = join(this.#options.desk, 'plan.json')
    await mkdir(plan.journal)
    await writeFile(planPath, JSON.stringify(plan))
    const [program, ...command] = [...through, process.execPath, '--enable-source-maps', workerPath, planPath]
    const worker = spawn(program, command, {
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let output = ''
    worker.stderr.on('data', (text: Buffer) => (output += text.toString()))
    const exited = once(worker, 'exit') as Promise<[number | null]>
    if (strike !== null) {
      await Promise.race([said(worker, since), exited])
      await sleep(afterMs)
      await strike(worker)
    }
    const [code] = await exited
    history.read(readJournal(plan.journal))
    await rm(plan.journal, { recursive: true })
    return { code, output }
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

  #plan(ending: Ending): WorkerPlan {
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
    return {
      location,
      journal: join(desk, `journal-${history.cycle}`),
      variant: variant.name,
      cycle: history.cycle,
      seed: this.#chance.below(2 ** 31),
      clients: [1, 4, 24, 64][this.#chance.below(4)] as number,
      calls: 1500,
      sayAt: 1 + this.#chance.below(this.#chance.happens(0.2) ? 1200 : 250),
      clockJumps: this.#chance.happens(0.3),
      ending,
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

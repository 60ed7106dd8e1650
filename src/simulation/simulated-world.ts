import { type LocalMessageStore, MessageStore } from '../api/message-store.js'
import type { Logger, StoreSettings } from '../backend/settings.js'
import type { UsersMode } from '../domain/context.js'
import { SeededChance } from '../backend/reference/seeded-chance.js'
import { openLocalBackend } from '../local/open-local-backend.js'
import type { LocalTuning } from '../local/tuning.js'
import type { FileSystem } from '../platform/file-system.js'
import { settled } from '../platform/settled.js'
import type { Faults } from './faults.js'
import { Schedule, type ScheduleOptions } from './schedule.js'
import { SeededRandom } from './seeded-random.js'
import { SimulatedClock } from './simulated-clock.js'
import { SimulatedDisk } from './simulated-disk.js'
import { SimulatedFileSystem } from './simulated-file-system.js'
import { SimulatedLevel } from './level/simulated-level.js'
import { SimulatedMachine } from './simulated-process.js'
import { Trace } from './trace.js'

export const location = '/data/store'

export interface SimulatedWorldOptions {
  readonly seed: number
  readonly faults: Faults
  readonly settings: StoreSettings
  readonly usersMode?: UsersMode
  readonly tuning: Partial<LocalTuning>
  readonly slow?: ScheduleOptions['slow']
  /** As for `SimulatedClock`. */
  readonly ticking?: boolean
  readonly onNote?: ((note: string) => void) | undefined
  readonly logger?: Logger
  /** What stands between the store, its databases included, and the files. */
  readonly between?: (fileSystem: FileSystem) => FileSystem
}

/** The process has ended, whatever was under way. */
export class Crashed extends Error {}

/** Turns after which something that should end does not. */
const patience = 200_000

/** A process with a store in it: everything that does not survive a crash. */
export interface Incarnation {
  readonly schedule: Schedule
  readonly fileSystem: SimulatedFileSystem
  readonly clock: SimulatedClock
  /** All that were opened in it. */
  readonly databases: SimulatedLevel[]
}

/** A machine with a disk, on which processes with a store come and go. */
export class SimulatedWorld {
  readonly chance: SeededChance
  readonly trace: Trace
  readonly disk = new SimulatedDisk()
  readonly options: SimulatedWorldOptions
  freeBytes = 2 ** 40
  readonly #machine = new SimulatedMachine()
  readonly #random: SeededRandom
  #process
  /** What the clock of the next process begins with. */
  #now = 1_700_000_000_000
  #incarnation: Incarnation

  constructor(options: SimulatedWorldOptions) {
    this.options = options
    this.trace = new Trace(options.onNote)
    this.chance = new SeededChance(options.seed)
    this.#random = new SeededRandom(new SeededChance(options.seed ^ 0x5eed))
    this.disk.makeDirectory('/data')
    this.disk.root.sync()
    this.#process = this.#machine.start()
    this.#incarnation = this.#incarnate()
  }

  /** The process that runs now, or has ended last. */
  get incarnation(): Incarnation {
    return this.#incarnation
  }

  get crashed(): boolean {
    return this.#incarnation.schedule.halted
  }

  /** Opens the store in the running process. */
  async open(): Promise<LocalMessageStore> {
    const { clock, schedule, databases } = this.#incarnation
    const { settings, tuning, usersMode, logger, between } = this.options
    const fileSystem = between?.(this.#incarnation.fileSystem) ?? this.#incarnation.fileSystem
    const components = { clock, random: this.#random, fileSystem, logger, metrics: undefined }
    const levelWorld = { fileSystem, turn: (label: string) => schedule.turn(label, () => undefined) }
    const backend = await openLocalBackend(settings, components, {
      opener: async (directory, options) => {
        const database = await SimulatedLevel.open(levelWorld, directory, options)
        databases.push(database)
        return database
      },
      process: this.#process,
      tuning,
    })
    return new MessageStore(backend, { limits: settings.limits, clock, usersMode: usersMode ?? 'open' })
  }

  /** What the running process holds open: files, and snapshots and iterators of its databases. Behind a close: nothing. */
  get held(): number {
    const { fileSystem, databases } = this.#incarnation
    return databases.reduce((sum, { held }) => sum + held, fileSystem.openHandles)
  }

  /** Ends the process: what is under way may have happened or not. */
  kill(): void {
    this.trace.note('kill')
    this.#incarnation.schedule.halt(0.5)
  }

  /** Starts the next process; `keep` for a power cut before: the share of what was not synced that is still there. */
  restart(keep: number | null): void {
    this.kill()
    this.#now = this.#incarnation.clock.now()
    if (keep !== null) {
      this.trace.note(`power ${keep}`)
      this.disk.losePower(keep, this.chance, (path) => path.startsWith(`${location}/shards/`))
      this.#machine.boot()
    }
    this.#process = this.#machine.start()
    this.#incarnation = this.#incarnate()
  }

  /**
   * Lets the world go on until the promise has settled. Rejects with Crashed if the process ends first, which it does at the
   * turn `killAt` at the latest.
   */
  async settle<T>(promise: Promise<T>, killAt = Infinity): Promise<T> {
    const { schedule } = this.#incarnation
    let ended = false
    const done = (): void => {
      ended = true
    }
    promise.then(done, done)
    for (let turns = 0; ; turns++) {
      await settled()
      if (ended) return promise
      if (turns >= killAt) this.kill()
      if (schedule.halted) throw new Crashed()
      if (turns > patience) throw new Error(`nothing came of it in ${patience} turns`)
      if (!schedule.step()) throw new Error('nothing can happen any more, and the call has not ended')
    }
  }

  /** Lets everything end that waits for no timer. */
  async idle(): Promise<void> {
    const { schedule } = this.#incarnation
    do await settled()
    while (schedule.waiting > 0 && schedule.step())
  }

  /** Lets everything end that ends by itself. */
  async quiet(): Promise<void> {
    const { schedule } = this.#incarnation
    do await settled()
    while (schedule.step())
  }

  #incarnate(): Incarnation {
    const { disk, trace } = this
    const { faults, slow, ticking } = this.options
    const schedule = new Schedule({ chance: this.chance, trace, slow })
    const fileSystem = new SimulatedFileSystem({
      disk,
      schedule,
      faults,
      trace,
      freeBytes: () => this.freeBytes,
      onCrash: () => {
        this.kill()
      },
    })
    return {
      schedule,
      fileSystem,
      clock: new SimulatedClock(schedule, this.#now, ticking),
      databases: [],
    }
  }
}

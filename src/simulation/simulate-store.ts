import type { LocalMessageStore } from '../api/message-store.js'
import { checkOptions, type StoreOptions } from '../api/options.js'
import { OperationCount, type Faults } from './faults.js'
import { location, SimulatedWorld } from './simulated-world.js'

export interface SimulateStoreOptions {
  /** Decides all that chance decides: the order of what happens, what a crash leaves behind, random bytes. */
  readonly seed: number
  /** As for `openMessageStore`, but for the place. */
  readonly options?: Omit<StoreOptions, 'location'>
  /** What goes wrong with operations of files. Default: nothing. */
  readonly faults?: Faults
  /** Hears of everything that happens. */
  readonly onNote?: (note: string) => void
}

/** A machine with a disk, on which processes with a store come and go; one at a time. */
export interface SimulatedStore {
  /** Bytes that are free on the disk. */
  freeBytes: number
  /** A fault has ended the process: what is under way never ends. */
  readonly crashed: boolean
  /** Opens the store in the running process; await it by `settle`, as everything else. */
  open(): Promise<LocalMessageStore>
  /** Lets the world go on until the promise has settled. Rejects if the process ends first, or if nothing can happen any more. */
  settle<T>(promise: Promise<T>): Promise<T>
  /**
   * Starts the next process on the same disk. `keep`: null for a kill; for a power cut the share of what was not synced that is
   * still there.
   */
  restart(keep: number | null): void
}

/** So small that a few hundred messages are flushed, and make checkpoints. */
const tuning = {
  generationBytes: 16 * 1024,
  segmentBytes: 128 * 1024,
  chunkBytes: 128 * 1024,
  checkpointBytes: 32 * 1024,
  writeBufferBytes: 32 * 1024,
  spareBytes: 1024 * 1024,
}

/**
 * The store as it is on a machine that does not exist: files, LevelDB, clock and process are simulated, nothing happens by
 * itself, and the same seed gives the same run. For testing what one's own code makes of crashes, failing syncs and full disks.
 * Throws INVALID_ARGUMENT for options that are none.
 */
export function simulateStore({ seed, options, faults, onNote }: SimulateStoreOptions): SimulatedStore {
  const { settings, usersMode } = checkOptions({ ...options, location })
  return new SimulatedWorld({
    seed,
    faults: faults ?? new OperationCount(),
    settings,
    usersMode,
    tuning,
    onNote,
  })
}

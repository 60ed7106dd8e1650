import type { ChildProcess } from 'node:child_process'
import type { Ending } from './crash-world.js'

/** How a process that works on a store is ended, and what happens to the disk under it. */
export interface WayToDie {
  readonly ending: Ending
  /** Milliseconds to wait after `since`, then `strike`; null: let it end by itself. */
  readonly strike: ((worker: ChildProcess) => Promise<void> | void) | null
  /** What `strike` ends it with. Default: SIGKILL. */
  readonly signal?: NodeJS.Signals
  readonly since: 'started' | 'opened' | 'working'
  readonly afterMs: number
  /** How many calls it makes at most, unless it is as usual. */
  readonly calls?: number
  readonly fault?: FaultInTheWay
}

/** What calls of a worker may meet. */
export interface FaultInTheWay {
  /** A command that runs the worker's, such as strace or a shell that sets limits. */
  readonly through: readonly string[]
  /** Whether it is death. */
  readonly kills: boolean
  /** How many files the worker may open from then on; default: as many as it likes. */
  readonly descriptors?: number
}

/** How a process ended, and what it left in its journal. */
export interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  /** What it complained of, on its standard error. */
  readonly output: string
  /** Whether the store was open. */
  readonly opened: boolean
  /** Whether a call, or opening or closing, told of a fault that was put in its way. */
  readonly told: boolean
}

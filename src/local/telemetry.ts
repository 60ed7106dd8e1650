import type { LoggedFacts, Logger, Metrics, StoreComponents } from '../backend/settings.js'
import type { Commit, CommitWatcher } from './commit-log/options.js'

/** What metrics are told. The guide has the same table. */
export const counted = {
  'log.records': 'records that became durable, or, in other durabilities, written',
  'log.refused':
    'writes refused because too much waited, or there was no memory, or too little room on the disk',
} as const

export const observed = {
  'log.commit.ms': 'writing and syncing what waited for the log',
  'log.commit.bytes': 'how much that was',
  'log.pause.ms': 'the queue was not drained, because the flush was too far behind',
  'flush.ms': 'a generation into body file and shards',
  'flush.bytes': 'how much log that was',
  'checkpoint.ms': 'evidence from all shards, manifest, and the removal of log',
  'merge.ms': 'writing one merged body file, rests included',
  'merge.bytes': 'its size',
} as const

/** A commit that takes longer is told to the logger: a healthy disk takes a thousandth of it. */
const slowCommitMs = 1000

/**
 * What the store tells the server that runs it. A logger or metrics that throw are not listened to: nothing in the store may
 * fail, or end up half done, because a number could not be taken.
 */
export class Telemetry implements CommitWatcher {
  readonly #logger: Logger | undefined
  readonly #metrics: Metrics | undefined

  readonly now: () => number

  /** `now`: milliseconds that never jump. */
  constructor(listeners: Pick<StoreComponents, 'logger' | 'metrics'>, now: () => number) {
    this.#logger = listeners.logger
    this.#metrics = listeners.metrics
    this.now = now
  }

  /** Without it nothing needs to be timed. */
  get listens(): boolean {
    return this.#logger !== undefined || this.#metrics !== undefined
  }

  info(message: string, facts: LoggedFacts): void {
    this.#tell(() => this.#logger?.info(message, facts))
  }

  warn(message: string, facts: LoggedFacts): void {
    this.#tell(() => this.#logger?.warn(message, facts))
  }

  error(message: string, facts: LoggedFacts): void {
    this.#tell(() => this.#logger?.error(message, facts))
  }

  count(name: keyof typeof counted, by: number): void {
    if (this.#metrics !== undefined) this.#tell(() => this.#metrics?.count(name, by))
  }

  observe(name: keyof typeof observed, value: number): void {
    if (this.#metrics !== undefined) this.#tell(() => this.#metrics?.observe(name, value))
  }

  /** Begins a measurement; what it returns ends it, and gives the milliseconds. */
  begin(name: keyof typeof observed): () => number {
    const began = this.now()
    return () => {
      const ms = this.now() - began
      this.observe(name, ms)
      return ms
    }
  }

  committed({ ms, bytes, records }: Commit): void {
    this.count('log.records', records)
    this.observe('log.commit.ms', ms)
    this.observe('log.commit.bytes', bytes)
    if (ms > slowCommitMs) this.warn('the disk took long to write the log', { ms: Math.round(ms), bytes })
  }

  #tell(listener: () => unknown): void {
    try {
      const told = listener()
      if (told instanceof Promise) told.catch(() => undefined)
    } catch {
      // Its author will see that nothing arrives.
    }
  }
}

/** What the system, or one of our own errors, calls it; null if it has no name. */
export function codeOf(error: unknown): string | null {
  const { code } = (error ?? {}) as { code?: unknown }
  return typeof code === 'string' ? code : null
}

import type { Limits } from '../limits.js'
import type { Clock } from '../platform/clock.js'
import type { FileSystem } from '../platform/file-system.js'
import type { Random } from '../platform/random.js'

export const defaultCacheTierSize = 15

/** What an embedded backend is opened with, checked and with the defaults filled in. */
export interface StoreSettings {
  /** A directory. */
  readonly location: string
  /** Undefined: as the store was created, or the default for a new one. */
  readonly shards: number | undefined
  readonly virtualNodes: number | undefined
  /** 0: acknowledged after fdatasync; n: synced every n ms; Infinity: left to the system. */
  readonly syncEveryMs: number
  readonly cacheBytes: number
  /** Conversations of a user in one tier of the cache. */
  readonly cacheTierSize: number
  readonly limits: Limits
}

/** Facts for the server that runs the store. Never a text, an id or a secret. */
export interface Logger {
  info(message: string, facts: LoggedFacts): void
  warn(message: string, facts: LoggedFacts): void
  error(message: string, facts: LoggedFacts): void
}

export type LoggedFacts = Readonly<Record<string, string | number | boolean | null>>

/** Where numbers go that change all the time; the guide names them. Most sums are in `admin.stats()` as well. */
export interface Metrics {
  count(name: string, by: number): void
  /** One measured value: milliseconds or bytes, as the name's last word says. */
  observe(name: string, value: number): void
}

/** The world as the store sees it. */
export interface StoreComponents {
  readonly clock: Clock
  readonly random: Random
  readonly fileSystem: FileSystem
  readonly logger: Logger | undefined
  readonly metrics: Metrics | undefined
}

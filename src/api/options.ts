import { defaultCacheTierSize, type Logger, type Metrics, type StoreSettings } from '../backend/settings.js'
import type { UsersMode } from '../domain/context.js'
import { limitNames, resolveLimits } from '../limits.js'
import type { Limits } from '../limits.js'
import type { Clock } from '../platform/clock.js'
import type { FileSystem } from '../platform/file-system.js'
import { unreadable } from '../model/unreadable.js'
import type { Random } from '../platform/random.js'
import { checkFields, checkInteger, invalid } from './arguments.js'
import { isTime } from './sound-clock.js'

/** When a send is acknowledged. */
export type Durability =
  /** After fdatasync: what was acknowledged survives a power cut. */
  | 'commit'
  /** After the write, with an fdatasync every so many milliseconds, 1 to 3,600,000: a power cut takes the last of them. */
  | { readonly intervalMs: number }
  /** After the write: a crash of the process takes nothing, a power cut what the system had not written yet. */
  | 'os'

export interface StoreOptions {
  /**
   * A directory; made with mode 0700, the library's files in it 0600. (LevelDB's own files have the mode that the process's
   * umask leaves, in directories that only the owner can enter.) A relative one is of the working directory at the call. One
   * process at a time has it open.
   */
  readonly location: string
  /** At creation only; 1 to 256, default 2. Another number at a later open is INCOMPATIBLE. */
  readonly shards?: number | undefined
  /** Places of a shard on the ring, at creation only; 1 to 4,096, default 128. */
  readonly virtualNodes?: number | undefined
  /** Default `commit`. */
  readonly durability?: Durability | undefined
  readonly cache?:
    | {
        /** Default 64 MiB. */
        readonly maxBytes?: number | undefined
        /** Conversations of a user that are cached and dropped together; 1 to 10,000, default 15. */
        readonly tierSize?: number | undefined
      }
    | undefined
  /**
   * `open` (default): any valid id is a user. `registered`: only those of `users.register`, others are USER_NOT_FOUND.
   * May differ from one opening to the next.
   */
  readonly users?: UsersMode | undefined
  /** Those that are left out, or undefined, have their defaults. */
  readonly limits?: { readonly [name in keyof Limits]?: Limits[name] | undefined } | undefined
}

/**
 * Parts of the world to put in place of the real ones: for tests, and for embedding. Clock, random and file system that are
 * left out are the system's; without logger and metrics nothing is told.
 */
export interface StoreComponentOptions {
  readonly clock?: Clock | undefined
  readonly random?: Random | undefined
  /**
   * Stands between the store and the disk, for its log, manifest and body files. LevelDB does not use it: the shards lie at the
   * same paths of the real disk. With another one than the real one flushes have no thread. A store without a disk is
   * `simulateStore` of `columba/testing`.
   */
  readonly fileSystem?: FileSystem | undefined
  readonly logger?: Logger | undefined
  readonly metrics?: Metrics | undefined
}

export interface CheckedOptions {
  readonly settings: StoreSettings
  readonly usersMode: UsersMode
}

const MiB = 1024 * 1024
const defaultCacheBytes = 64 * MiB
const maxIntervalMs = 3_600_000

const optionNames = ['location', 'shards', 'virtualNodes', 'durability', 'cache', 'users', 'limits'] as const

/** The methods that each component must have. */
const componentMethods = {
  clock: ['now', 'after', 'yield'],
  random: ['bytes'],
  fileSystem: [
    'open',
    'makeDirectory',
    'list',
    'stat',
    'rename',
    'unlink',
    'syncDirectory',
    'realPath',
    'freeBytes',
  ],
  logger: ['info', 'warn', 'error'],
  metrics: ['count', 'observe'],
} as const satisfies Record<keyof StoreComponentOptions, readonly string[]>

const componentNames = Object.keys(componentMethods) as (keyof StoreComponentOptions)[]

/** Checks the options of `openMessageStore` and fills in the defaults. */
export function checkOptions(options: StoreOptions): CheckedOptions {
  if (options === undefined) throw invalid('options', 'must be an object')
  const given = checkFields(options, 'options', optionNames)
  const { maxBytes, tierSize } = checkFields(given.cache, 'cache', ['maxBytes', 'tierSize'], 'cache.')
  return {
    settings: {
      location: checkLocation(given.location),
      shards: given.shards === undefined ? undefined : checkInteger(given.shards, 'shards', 1, 256),
      virtualNodes:
        given.virtualNodes === undefined
          ? undefined
          : checkInteger(given.virtualNodes, 'virtualNodes', 1, 4096),
      syncEveryMs: syncEveryMsOf(given.durability),
      cacheBytes:
        maxBytes === undefined
          ? defaultCacheBytes
          : checkInteger(maxBytes, 'cache.maxBytes', 0, Number.MAX_SAFE_INTEGER),
      cacheTierSize:
        tierSize === undefined ? defaultCacheTierSize : checkInteger(tierSize, 'cache.tierSize', 1, 10_000),
      limits: resolveLimits(checkFields(given.limits, 'limits', limitNames, 'limits.') as Partial<Limits>),
    },
    usersMode: checkUsersMode(given.users),
  }
}

export function checkComponents(components: StoreComponentOptions | undefined): StoreComponentOptions {
  const given = checkFields(components, 'components', componentNames)
  for (const name of componentNames) {
    const component = given[name]
    if (component === undefined) continue
    try {
      for (const method of componentMethods[name]) {
        if (typeof (component as Record<string, unknown> | null)?.[method] !== 'function') {
          throw invalid(name, `must have a method ${method}`)
        }
      }
    } catch (error) {
      throw unreadable(name, error)
    }
  }
  const checked = given as StoreComponentOptions
  if (checked.clock !== undefined) checkClock(checked.clock)
  return checked
}

/**
 * A clock that counts from something else, or in fractions, is found out at once. What it shows later is another matter
 * (sound-clock.ts).
 */
function checkClock(clock: Clock): void {
  try {
    const now: unknown = clock.now()
    if (!isTime(now) || !Number.isInteger(now))
      throw invalid('clock', 'must show whole milliseconds of the epoch')
  } catch (error) {
    throw unreadable('clock', error)
  }
}

function checkLocation(value: unknown): string {
  if (typeof value !== 'string' || value === '' || value.includes('\0')) {
    throw invalid('location', 'must be the path of a directory')
  }
  return value
}

function checkUsersMode(value: unknown): UsersMode {
  if (value === undefined) return 'open'
  if (value !== 'open' && value !== 'registered') throw invalid('users', "must be 'open' or 'registered'")
  return value
}

function syncEveryMsOf(value: unknown): number {
  if (value === undefined || value === 'commit') return 0
  if (value === 'os') return Infinity
  if (typeof value !== 'object') throw invalid('durability', "must be 'commit', 'os' or { intervalMs }")
  const { intervalMs } = checkFields(value, 'durability', ['intervalMs'], 'durability.')
  return checkInteger(intervalMs, 'durability.intervalMs', 1, maxIntervalMs)
}

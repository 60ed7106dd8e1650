import { ColumbaError } from './errors.js'

/** All limits of the library. Bytes are bytes of UTF-8, never characters. Over a limit nothing is stored. */
export interface Limits {
  /** One id: user, conversation, message, device. 30 to 256: those that the store makes itself have 30, keys and records count on 256. */
  readonly idBytes: number
  readonly textBytes: number
  /** `attributes` and `profile`, as canonical JSON. */
  readonly attributesBytes: number
  readonly attributesDepth: number
  /** A title, a name, an alias. */
  readonly titleBytes: number
  /** The largest `limit` of a page; a larger one is refused, not clamped. */
  readonly pageItems: number
  /** The largest `start` and `offset`; a cursor has no such limit. */
  readonly startItems: number
  /** Ids in one call. */
  readonly idsPerCall: number
  readonly groupMembers: number
  /** Large groups that one user can be in; a few more if the user joins several in the same moment. */
  readonly largeGroupsPerUser: number
  /**
   * Bytes of records that wait for the log; beyond it a send is refused with OVERLOADED. Calls that wait for something to be read
   * before they can be written may take as much once more (there UTF-16 units count).
   */
  readonly queueBytes: number
  /** Calls that wait for the log. */
  readonly queueCalls: number
  /**
   * Log that no checkpoint has made unnecessary yet; beyond it the queue is not drained until there is one. With less than 64 MiB
   * checkpoints come more often than they would by themselves.
   */
  readonly logBytes: number
  /** Changes that a subscription keeps for a slow consumer before it goes back to the stored feed. */
  readonly subscriptionChanges: number
}

interface LimitRow {
  readonly value: number
  readonly min: number
  readonly max: number
}

const KiB = 1024
const MiB = 1024 * KiB

const table: Readonly<Record<keyof Limits, LimitRow>> = {
  idBytes: { value: 256, min: 30, max: 256 },
  textBytes: { value: 64 * KiB, min: 1, max: 1 * MiB },
  attributesBytes: { value: 16 * KiB, min: 2, max: 256 * KiB },
  attributesDepth: { value: 32, min: 1, max: 64 },
  titleBytes: { value: 1 * KiB, min: 1, max: 16 * KiB },
  pageItems: { value: 1000, min: 1, max: 10_000 },
  startItems: { value: 10_000, min: 0, max: 1_000_000 },
  idsPerCall: { value: 1000, min: 1, max: 1000 },
  groupMembers: { value: 100_000, min: 1, max: 1_000_000 },
  largeGroupsPerUser: { value: 500, min: 1, max: 10_000 },
  queueBytes: { value: 16 * MiB, min: 1, max: 1024 * MiB },
  queueCalls: { value: 65_536, min: 1, max: 10_000_000 },
  logBytes: { value: 256 * MiB, min: 64 * KiB, max: 1024 * 1024 * MiB },
  subscriptionChanges: { value: 256, min: 1, max: 10_000 },
}

const limitNames = Object.keys(table) as readonly (keyof Limits)[]

export const defaultLimits: Limits = Object.freeze(
  Object.fromEntries(limitNames.map((name) => [name, table[name].value])),
) as unknown as Limits

/** Fills in the defaults and checks each limit against its own range. */
export function resolveLimits(given: Partial<Limits> = {}): Limits {
  for (const name of Object.keys(given)) {
    if (!Object.hasOwn(table, name)) {
      throw new ColumbaError('INVALID_ARGUMENT', `limits.${name} is not a limit`, { field: `limits.${name}` })
    }
  }
  const resolved: Record<string, number> = { ...defaultLimits }
  for (const name of limitNames) {
    const value: unknown = given[name]
    if (value === undefined) continue
    const { min, max } = table[name]
    if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < min || value > max) {
      throw new ColumbaError('INVALID_ARGUMENT', `limits.${name} must be an integer from ${min} to ${max}`, {
        field: `limits.${name}`,
      })
    }
    resolved[name] = value
  }
  return Object.freeze(resolved) as unknown as Limits
}

import { ColumbaError } from './errors.js'

/** All limits of the library. Bytes are bytes of UTF-8, never characters. Over a limit nothing is stored. */
export interface Limits {
  /**
   * One id: user, conversation, message, device. Default 256, 30 to 256: 30 is the length of a direct conversation's id, and
   * keys and records have room for 256.
   */
  readonly idBytes: number
  /** The text of a message. Default 64 KiB, at most 1 MiB. */
  readonly textBytes: number
  /** `attributes` and `profile`, as canonical JSON. Default 16 KiB, at most 256 KiB. */
  readonly attributesBytes: number
  /** Nested arrays and objects in them. Default 32, at most 64. */
  readonly attributesDepth: number
  /** A title, a name, an alias. Default 1 KiB, at most 16 KiB. */
  readonly titleBytes: number
  /** The largest `limit` of a page; a larger one is refused, not clamped. Default 1,000, at most 10,000. */
  readonly pageItems: number
  /** The largest `start` and `offset`; a cursor has no such limit. Default 10,000, at most 1,000,000. */
  readonly startItems: number
  /** Ids in one call. Default 1,000, which is the most. */
  readonly idsPerCall: number
  /** Present members of a group. Default 100,000, at most 1,000,000. */
  readonly groupMembers: number
  /**
   * Large groups that one user can be in; a few more if the user joins several in the same moment. Default 500, at most
   * 10,000.
   */
  readonly largeGroupsPerUser: number
  /**
   * Bytes of records that wait for the log; beyond it a send is refused with OVERLOADED. Calls that wait for something to be read
   * before they can be written may take as much once more (there UTF-16 units count). Not less than `textBytes` and
   * `attributesBytes` together. Default 16 MiB, at most 1 GiB.
   */
  readonly queueBytes: number
  /** Calls that wait for the log; beyond it they are refused as well. Default 65,536, at most 10,000,000. */
  readonly queueCalls: number
  /**
   * Log that no checkpoint has made unnecessary yet; beyond it the queue is not drained until there is one. With less than 64 MiB
   * checkpoints come more often than they would by themselves. Not less than `textBytes` and `attributesBytes` together. Default
   * 256 MiB, 64 KiB to 1 TiB.
   */
  readonly logBytes: number
  /**
   * Changes that a subscription keeps for a slow consumer before it goes back to the stored feed; with long texts fewer.
   * Default 256, at most 10,000.
   */
  readonly subscriptionChanges: number
}

interface LimitRow {
  readonly byDefault: number
  readonly min: number
  readonly max: number
}

const KiB = 1024
const MiB = 1024 * KiB

/** The doc comments of `Limits` say the same to those who see the types only. */
const table: Readonly<Record<keyof Limits, LimitRow>> = {
  idBytes: { byDefault: 256, min: 30, max: 256 },
  textBytes: { byDefault: 64 * KiB, min: 1, max: 1 * MiB },
  attributesBytes: { byDefault: 16 * KiB, min: 2, max: 256 * KiB },
  attributesDepth: { byDefault: 32, min: 1, max: 64 },
  titleBytes: { byDefault: 1 * KiB, min: 1, max: 16 * KiB },
  pageItems: { byDefault: 1000, min: 1, max: 10_000 },
  startItems: { byDefault: 10_000, min: 0, max: 1_000_000 },
  idsPerCall: { byDefault: 1000, min: 1, max: 1000 },
  groupMembers: { byDefault: 100_000, min: 1, max: 1_000_000 },
  largeGroupsPerUser: { byDefault: 500, min: 1, max: 10_000 },
  queueBytes: { byDefault: 16 * MiB, min: 1, max: 1024 * MiB },
  queueCalls: { byDefault: 65_536, min: 1, max: 10_000_000 },
  logBytes: { byDefault: 256 * MiB, min: 64 * KiB, max: 1024 * 1024 * MiB },
  subscriptionChanges: { byDefault: 256, min: 1, max: 10_000 },
}

export const limitNames = Object.keys(table) as readonly (keyof Limits)[]

export const defaultLimits: Limits = Object.freeze(
  Object.fromEntries(limitNames.map((name) => [name, table[name].byDefault])),
) as unknown as Limits

/** The largest that any store may be opened with. */
export const greatestLimits: Limits = Object.freeze(
  Object.fromEntries(limitNames.map((name) => [name, table[name].max])),
) as unknown as Limits

/** Fills in the defaults and checks each limit against its own range and against the others. */
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
  const limits = Object.freeze(resolved) as unknown as Limits
  // A message that is allowed must be able to wait, or no repeat of it would ever get through.
  assertHoldsMessage('queueBytes', limits)
  assertHoldsMessage('logBytes', limits)
  return limits
}

function assertHoldsMessage(name: 'queueBytes' | 'logBytes', limits: Limits): void {
  if (limits.textBytes + limits.attributesBytes <= limits[name]) return
  throw new ColumbaError(
    'INVALID_ARGUMENT',
    `limits.${name} must hold a text and attributes of the largest size`,
    {
      field: `limits.${name}`,
    },
  )
}

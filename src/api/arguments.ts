/// <reference lib="es2024.string" />
import { ColumbaError } from '../errors.js'
import type { Limits } from '../limits.js'
import type { ConversationId, UserId } from '../model/ids.js'
import { unreadable } from '../model/unreadable.js'

/** Straight checks of single arguments. Each takes the name of the field for its error, and gives the value back. */

/** UTF-8 never takes more than this many bytes per UTF-16 unit: most strings need no closer look. */
const maxBytesPerUnit = 3

const maxCursorLength = 4096

export function invalid(field: string, why: string): ColumbaError {
  return new ColumbaError('INVALID_ARGUMENT', `${field} ${why}`, { field })
}

export function unknownField(field: string): ColumbaError {
  return invalid(field, 'is not a known field here')
}

/** Symbols as names, which no loop over names meets: no argument has such a field. */
export function refuseSymbols(object: object, what: string): void {
  if (Object.getOwnPropertySymbols(object).length > 0) throw invalid(what, 'has a symbol as a name')
}

/** An id: 1 to `limits.idBytes` bytes of well-formed UTF-8, any characters. */
export function checkId(value: unknown, field: string, limits: Limits): string {
  if (typeof value !== 'string') throw invalid(field, 'must be a string')
  const max = limits.idBytes
  if (value.length === 0) throw invalid(field, 'must not be empty')
  if (value.length * maxBytesPerUnit > max && (value.length > max || Buffer.byteLength(value) > max)) {
    throw invalid(field, `must not be longer than ${max} bytes`)
  }
  if (!value.isWellFormed()) throw invalid(field, 'must be well-formed Unicode')
  return value
}

export function checkUserId(value: unknown, field: string, limits: Limits): UserId {
  return checkId(value, field, limits) as UserId
}

export function checkConversationId(value: unknown, field: string, limits: Limits): ConversationId {
  return checkId(value, field, limits) as ConversationId
}

/** A text that may be empty; TOO_LARGE beyond `maxBytes` of UTF-8. */
export function checkText(value: unknown, field: string, maxBytes: number): string {
  if (typeof value !== 'string') throw invalid(field, 'must be a string')
  const { length } = value
  if (length * maxBytesPerUnit > maxBytes && (length > maxBytes || Buffer.byteLength(value) > maxBytes)) {
    throw new ColumbaError('TOO_LARGE', `${field} takes more than ${maxBytes} bytes`, {
      field,
      limit: maxBytes,
    })
  }
  if (!value.isWellFormed()) throw invalid(field, 'must be well-formed Unicode')
  return value
}

export function checkInteger(value: unknown, field: string, min: number, max: number): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < min || value > max) {
    throw invalid(
      field,
      max === Number.MAX_SAFE_INTEGER
        ? `must be an integer from ${min}`
        : `must be an integer from ${min} to ${max}`,
    )
  }
  // A negative zero would be one as long as it is in memory only.
  return value + 0
}

/** Epoch milliseconds. */
export function checkTime(value: unknown, field: string): number {
  return checkInteger(value, field, 0, Number.MAX_SAFE_INTEGER)
}

export function checkBoolean(value: unknown, field: string): boolean {
  if (typeof value !== 'boolean') throw invalid(field, 'must be true or false')
  return value
}

/** A string that the store gave out: a cursor or a token. */
export function checkOpaque(value: unknown, field: string): string {
  if (typeof value !== 'string' || value === '' || value.length > maxCursorLength) {
    throw invalid(field, 'must be a string that this store gave out')
  }
  return value
}

/** IMPORTANT: null is no first page. Whoever hands the `next` of the last page on would walk round for ever. */
export function checkCursor(value: unknown): string {
  if (value === null) throw invalid('cursor', 'is null: behind the last page there is no other')
  return checkOpaque(value, 'cursor')
}

/** The size of a page: larger than allowed is refused, not clamped. */
export function checkLimit(value: unknown, byDefault: number, limits: Limits): number {
  return value === undefined
    ? Math.min(byDefault, limits.pageItems)
    : checkInteger(value, 'limit', 1, limits.pageItems)
}

const bare = {}

function firstNameIn(object: object): string | undefined {
  for (const name in object) return name
  return undefined
}

/** Whether somebody has given all objects of the process a name, as `Object.prototype.limit = 1` does. */
const haveAllObjectsNames = (): boolean => firstNameIn(bare) !== undefined

/**
 * The object, or what it has without the names that all objects of the process have been given: those are nobody's argument. What
 * it has from a class of its own counts, accessors too if they have one of these `names`. Each name is read once.
 */
export function withoutCommonNames<T extends object>(given: T, names: readonly string[]): T {
  if (!haveAllObjectsNames()) return given
  const own = Object.create(null) as Record<string, unknown>
  const all = new Set(names)
  for (const name in given) all.add(name)
  for (const name of all)
    if (Object.hasOwn(given, name) || !Object.hasOwn(Object.prototype, name))
      own[name] = Reflect.get(given, name)
  return own as T
}

/** An object for fields by name, in which nothing is found that was not put there. */
function noFields(): object {
  return haveAllObjectsNames() ? (Object.create(null) as object) : {}
}

/**
 * The named fields of an object of the caller, each read once; other names are refused, with `path` in front of them. Nothing
 * given: no fields.
 */
export function checkFields<Name extends string>(
  value: unknown,
  what: string,
  names: readonly Name[],
  path = '',
): { readonly [name in Name]?: unknown } {
  if (value === undefined) return noFields()
  try {
    if (typeof value !== 'object' || value === null || Array.isArray(value))
      throw invalid(what, 'must be an object')
    refuseSymbols(value, what)
    const given = withoutCommonNames(value as Record<string, unknown>, names)
    const fields: { [name in Name]?: unknown } = noFields()
    for (const name in given)
      if (!(names as readonly string[]).includes(name)) throw unknownField(`${path}${name}`)
    // Asked for by name: an accessor of a class is not among those that a loop meets.
    for (const name of names) {
      const field = given[name]
      if (field !== undefined) fields[name] = field
    }
    return fields
  } catch (error) {
    throw unreadable(what, error)
  }
}

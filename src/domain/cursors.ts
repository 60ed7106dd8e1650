/// <reference lib="es2024.string" />
import { hash } from 'node:crypto'
import { ColumbaError } from '../errors.js'
import { greatestLimits } from '../limits.js'

type Part = string | number | boolean | null

/** What a cursor belongs to: the call, the user, the conversation, the filter. */
export type CursorScope = readonly Part[]

/** What a cursor carries: names (ids, tokens, a direction), and numbers (seqs, ordinals). */
type Shape = readonly ('name' | 'number')[]
type Values<S extends Shape> = { readonly [I in keyof S]: S[I] extends 'name' ? string : number }

/** Base64url characters of the checksum in front of a cursor's content. */
const checksumLength = 16

/** Numbers, and those behind them, are written with 48 bits. */
const greatestNumber = 2 ** 48 - 2

/** A cursor: an opaque string that carries `values` and can be read again only with the same scope. */
export function writeCursor(scope: CursorScope, values: readonly (string | number)[]): string {
  const content = Buffer.from(JSON.stringify(values)).toString('base64url')
  return checksum(scope, content) + content
}

/**
 * The values of a cursor. Throws INVALID_ARGUMENT for one that is damaged or belongs elsewhere. IMPORTANT: a caller can make a
 * cursor with a checksum that fits, so whatever is in it is checked as if the caller had given it.
 */
export function readCursor<const S extends Shape>(scope: CursorScope, cursor: string, shape: S): Values<S> {
  const content = cursor.slice(checksumLength)
  if (content === '' || cursor.slice(0, checksumLength) !== checksum(scope, content)) throw notOfThisCall()
  const values = parsed(Buffer.from(content, 'base64url').toString())
  if (!Array.isArray(values) || values.length !== shape.length) throw notOfThisCall()
  if (!shape.every((kind, i) => (kind === 'name' ? isName(values[i]) : isNumber(values[i]))))
    throw notOfThisCall()
  return values as unknown as Values<S>
}

function isName(value: unknown): boolean {
  if (typeof value !== 'string' || value === '' || !value.isWellFormed()) return false
  return Buffer.byteLength(value) <= greatestLimits.idBytes
}

function isNumber(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0 && (value as number) <= greatestNumber
}

function parsed(content: string): unknown {
  try {
    return JSON.parse(content)
  } catch {
    throw notOfThisCall()
  }
}

function notOfThisCall(): ColumbaError {
  return new ColumbaError('INVALID_ARGUMENT', 'the cursor is not one of this call', { field: 'cursor' })
}

function checksum(scope: CursorScope, content: string): string {
  return hash('sha256', JSON.stringify([scope, content]), 'base64url').slice(0, checksumLength)
}

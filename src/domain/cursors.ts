import { hash } from 'node:crypto'
import { ColumbaError } from '../errors.js'

type Part = string | number | boolean | null

/** What a cursor belongs to: the call, the user, the conversation, the filter. */
export type CursorScope = readonly Part[]

/** Base64url characters of the checksum in front of a cursor's content. */
const checksumLength = 16

/** A cursor: an opaque string that carries `values` and can be read again only with the same scope. */
export function writeCursor(scope: CursorScope, values: readonly Part[]): string {
  const content = Buffer.from(JSON.stringify(values)).toString('base64url')
  return checksum(scope, content) + content
}

/** The values of a cursor. Throws INVALID_ARGUMENT for one that is damaged or belongs elsewhere. */
export function readCursor(scope: CursorScope, cursor: string): readonly Part[] {
  const content = cursor.slice(checksumLength)
  if (content === '' || cursor.slice(0, checksumLength) !== checksum(scope, content)) {
    throw new ColumbaError('INVALID_ARGUMENT', 'the cursor is not one of this call', { field: 'cursor' })
  }
  return JSON.parse(Buffer.from(content, 'base64url').toString()) as Part[]
}

function checksum(scope: CursorScope, content: string): string {
  return hash('sha256', JSON.stringify([scope, content]), 'base64url').slice(0, checksumLength)
}

import type { Limits } from '../limits.js'
import { checkCursor, checkFields, checkLimit } from './arguments.js'

export interface PageOptions {
  /** Default 50, at most `limits.pageItems`. */
  readonly limit?: number | undefined
  /** The `next` of the page before, unless that is null. */
  readonly cursor?: string | undefined
}

const defaultItems = 50

export function checkPage(options: PageOptions | undefined, limits: Limits) {
  const { limit, cursor } = checkFields(options, 'options', ['limit', 'cursor'])
  return {
    limit: checkLimit(limit, defaultItems, limits),
    cursor: cursor === undefined ? undefined : checkCursor(cursor),
  }
}

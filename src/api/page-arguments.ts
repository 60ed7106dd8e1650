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
  return checkPageFields(checkFields(options, 'options', ['limit', 'cursor']), limits)
}

/** The same of options that have other fields as well. */
export function checkPageFields(
  { limit, cursor }: { readonly [name in keyof PageOptions]: unknown },
  limits: Limits,
) {
  return {
    limit: checkLimit(limit, defaultItems, limits),
    cursor: cursor === undefined ? undefined : checkCursor(cursor),
  }
}

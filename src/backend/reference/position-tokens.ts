import { ColumbaError } from '../../errors.js'
import type { Position } from '../../model/ids.js'

const form = /^r\.([1-9][0-9]{0,8})\.([0-9a-z]{1,11})$/

/** Tokens of the reference backends: the store's id and the position, readable on purpose. */
export class PositionTokens {
  readonly #store: string

  constructor(storeId: number) {
    this.#store = String(storeId)
  }

  format(position: Position): string {
    return `r.${this.#store}.${position.toString(36)}`
  }

  /** `newest` is the greatest position that the store has given out. */
  parse(token: string, newest: number, field: string): Position {
    const [, store, digits] = form.exec(token) ?? []
    const position = Number.parseInt(digits ?? '', 36)
    if (!Number.isSafeInteger(position) || position.toString(36) !== digits) {
      throw new ColumbaError('INVALID_ARGUMENT', `${field} is no token of this store`, { field })
    }
    if (store !== this.#store || position > newest) {
      throw new ColumbaError(
        'RESYNC_REQUIRED',
        'the token is of another store or of a time that this one has lost',
      )
    }
    return position as Position
  }
}

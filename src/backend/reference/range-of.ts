import type { Message } from '../../model/message.js'

/** The messages with `from` ≤ seq ≤ `to`; `messages` has seq 1 at index 0. */
export function rangeOf(
  messages: readonly Message[],
  { from, to, descending }: { readonly from: number; readonly to: number; readonly descending: boolean },
): readonly Message[] {
  const ascending = messages.slice(Math.max(0, from - 1), Math.max(0, to))
  return descending ? ascending.reverse() : ascending
}

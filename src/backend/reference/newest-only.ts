import type { ChangeRef } from '../port.js'

/** The pointers of a page without those that have a newer one of the same thing behind them in the feed. */
export function newestOnly(refs: readonly ChangeRef[], feed: readonly ChangeRef[]): readonly ChangeRef[] {
  const newest = new Map(feed.map((ref) => [thingOf(ref), ref.position]))
  return refs.filter((ref) => newest.get(thingOf(ref)) === ref.position)
}

function thingOf(ref: ChangeRef): string {
  return JSON.stringify({ ...ref, position: 0 })
}

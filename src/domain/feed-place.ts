import type { Backend, ChangeRef } from '../backend/port.js'
import { ColumbaError } from '../errors.js'
import type { Position } from '../model/ids.js'
import type { KeyedRef, PlaceKeys } from './place-keys.js'

/**
 * How far a user has read the feed: everything at or below `position`. One commit can change many things for one user (a
 * thousand members join), all at the same position; a reader who stops among them has read those of the next position up to the
 * one whose key is `within`.
 */
export interface FeedPlace {
  readonly position: Position
  readonly within: string | undefined
}

/** A pointer together with the place after it. */
export interface FeedEntry {
  readonly ref: ChangeRef
  readonly behind: FeedPlace
}

const withinMark = '~'

/**
 * The entries of a page after `place`. `refs` ascend by position, and those of one position are complete. Only pointers that
 * share their position cost more than an object each.
 */
export function entriesBehind(
  refs: readonly ChangeRef[],
  place: FeedPlace,
  keys: PlaceKeys,
): readonly FeedEntry[] {
  const entries: FeedEntry[] = []
  let before = place.position
  for (let start = 0; start < refs.length;) {
    const { position } = refs[start] as ChangeRef
    let end = start + 1
    while (refs[end]?.position === position) end += 1
    const within = start === 0 ? place.within : undefined
    if (end === start + 1 && within === undefined) {
      entries.push({ ref: refs[start] as ChangeRef, behind: { position, within } })
    } else {
      const keyed = keys.inOrder(refs.slice(start, end))
      for (const entry of entriesOfOnePosition(keyed, before, within)) entries.push(entry)
    }
    before = position
    start = end
  }
  return entries
}

function entriesOfOnePosition(
  keyed: readonly KeyedRef[],
  before: Position,
  within: string | undefined,
): readonly FeedEntry[] {
  // A key that is not there any more belonged to a pointer that was overtaken: what stands beside it comes again.
  const known = keyed.findIndex(({ key }) => key === within)
  return keyed.slice(known + 1).map(({ ref, key }) => ({
    ref,
    behind:
      ref === keyed.at(-1)?.ref
        ? { position: ref.position, within: undefined }
        : { position: before, within: key },
  }))
}

/** The token of a place: the backend's token of the position, and the key if the place lies among equal positions. */
export function formatFeedPlace(backend: Backend, { position, within }: FeedPlace): string {
  const token = backend.token(position)
  return within === undefined ? token : `${token}${withinMark}${within}`
}

/** Reads a token: INVALID_ARGUMENT if it is none, RESYNC_REQUIRED if it is of another store or time line. */
export function parseFeedPlace(backend: Backend, token: string): FeedPlace {
  const mark = token.lastIndexOf(withinMark)
  if (mark < 0) return { position: backend.positionOf(token), within: undefined }
  const within = token.slice(mark + 1)
  if (!/^[0-6][\w-]{20}$/.test(within)) {
    throw new ColumbaError('INVALID_ARGUMENT', 'since must be a token of this store', { field: 'since' })
  }
  return { position: backend.positionOf(token.slice(0, mark)), within }
}

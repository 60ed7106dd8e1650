import type { MembershipRow } from '../../formats/record-parts.js'
import { isPresent } from '../../model/group.js'

/** What somebody wrote in a group. */
export interface Written {
  count: number
  /** Up to the read mark, and before the last joining. */
  atRead: number
  atJoin: number
  readonly first: {
    readonly seq: number
    readonly position: number
    readonly timestamp: number
  }
  last: number
}

/**
 * A membership that fits the messages there are. `placeAt` says where a message stands: one who has left keeps the group where
 * the last message put it that he saw.
 */
export function upTo(
  membership: MembershipRow,
  { head, ownAtJoin, placeAt }: { head: number; ownAtJoin: number; placeAt: (seq: number) => number },
): MembershipRow {
  const intervals = membership.intervals.map(({ from, to }) => {
    const begin = Math.min(from, head + 1)
    return { from: begin, to: to === null ? null : Math.max(begin - 1, Math.min(to, head)) }
  })
  const { joined } = membership
  // Who is in has changed last by joining.
  if (isPresent(membership)) return { ...membership, intervals, ownAtJoin, place: 0, position: joined }
  const { from = 1, to = null } = intervals.at(-1) ?? {}
  const place = to !== null && to >= from ? placeAt(to) : joined
  return { ...membership, intervals, ownAtJoin, place: Math.max(1, place) }
}

/** For one of whom nothing is left but messages: sees what lies between them, or goes on as a member. */
export function writersMembership(
  user: string,
  { first, last }: Written,
  ordinal: number,
  present: boolean,
): MembershipRow {
  return {
    user,
    intervals: [{ from: first.seq, to: present ? null : last }],
    ordinal,
    ownAtJoin: 0,
    joined: first.position,
    joinedAt: first.timestamp,
    place: present ? 0 : first.position,
    left: present ? null : { title: undefined, memberCount: 0 },
    position: first.position,
    joinedBefore: [],
  }
}

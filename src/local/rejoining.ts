import type { IntervalRow, MembershipRow } from '../formats/record-parts.js'
import type { UserId } from '../model/ids.js'

/**
 * Past joinings that a membership remembers: the first and the newest. Only a walk through a list that is older than more of
 * them would ask for another one, and finds the group at an earlier one.
 */
const keptJoinings = 128

/**
 * What the membership of a returning member says of the time before. Each change of a membership is written in full, so it
 * grows with the gaps in what may be seen, and not with each leaving: a machine that goes and comes all day would fill the disk
 * otherwise.
 */
function timeBefore(former: MembershipRow | null): Pick<MembershipRow, 'intervals' | 'joinedBefore'> {
  if (former === null) return { intervals: [], joinedBefore: [] }
  const joinings = [...former.joinedBefore, former.joined]
  return {
    intervals: coalesced(former.intervals),
    joinedBefore:
      joinings.length <= keptJoinings
        ? joinings
        : [...joinings.slice(0, 1), ...joinings.slice(1 - keptJoinings)],
  }
}

/** One who joins: the membership of before, and the own messages in the group so far. */
export interface Joiner {
  readonly user: UserId
  readonly former: MembershipRow | null
  readonly own: number
}

/** The membership from a joining on. */
export function joinedMembership(
  { user, former, own }: Joiner,
  at: { readonly from: number; readonly ordinal: number; readonly position: number; readonly time: number },
): MembershipRow {
  const { intervals, joinedBefore } = timeBefore(former)
  return {
    user,
    intervals: [...intervals, { from: at.from, to: null }],
    ordinal: at.ordinal,
    ownAtJoin: own,
    joined: at.position,
    joinedBefore,
    joinedAt: at.time,
    place: 0,
    left: null,
    position: at.position,
  }
}

/** Ended stretches without those in which nothing was written; two between which nothing was missed are one. */
function coalesced(intervals: readonly IntervalRow[]): IntervalRow[] {
  const all: { from: number; to: number }[] = []
  for (const { from, to } of intervals) {
    const last = all.at(-1)
    if (to === null || to < from) continue
    if (last !== undefined && last.to + 1 === from) last.to = to
    else all.push({ from, to })
  }
  return all
}

/** Up to which position a user who is out at `position` is known to stay out. */
export function outUntil(membership: MembershipRow, position: number): number {
  const { joinedBefore } = membership
  const joinings = [...joinedBefore, membership.joined]
  const next = joinings.findIndex((at) => at > position)
  // After the first of so many there may be others that are not remembered.
  if (next < 0 || (next === 1 && joinedBefore.length >= keptJoinings)) return position
  return (joinings[next] as number) - 1
}

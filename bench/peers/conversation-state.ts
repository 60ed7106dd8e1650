/**
 * What an embedded peer keeps in memory about a conversation that is being written to, so that a send reads nothing from
 * the database. Everything here is also in the database and is loaded again after a miss.
 */
export interface Seat {
  readonly user: number
  /** Messages of this member so far; nobody's own messages count as unread. */
  own: number
  readSeq: number
  /** Own messages up to `readSeq`. */
  readOwn: number
}

export interface ConversationState {
  readonly key: number
  /** The two people, or all members of a group. */
  readonly seats: readonly Seat[]
  head: number
  /** Place in the commit order of the newest message: every member lists the conversation there. */
  position: number
  /** `head` and `position` as the database has them, behind the others while a group is applied; 0: not listed yet. */
  storedHead: number
  listedAt: number
}

/** The newest message of a conversation as a list shows it. */
export interface Newest {
  readonly sender: string
  readonly timestamp: number
  readonly sentAt: number
  readonly id: string
  readonly text: string
}

export const emptySeat = (user: number): Seat => ({ user, own: 0, readSeq: 0, readOwn: 0 })

export function unread(head: number, seat: Omit<Seat, 'user'>): number {
  return head - seat.own - (seat.readSeq - seat.readOwn)
}

export function seatOf(state: ConversationState, user: number): Seat | undefined {
  for (const seat of state.seats) if (seat.user === user) return seat
  return undefined
}

/** The other one of two; 0 in a group. */
export function peerOf(state: ConversationState, seat: Seat): number {
  if (state.seats.length !== 2) return 0
  return state.seats[0] === seat ? state.seats[1]!.user : state.seats[0]!.user
}

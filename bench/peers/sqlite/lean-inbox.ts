import type Database from 'better-sqlite3'
import { type ConversationRow, LIST_LENGTH } from '../contestant.js'
import { type ConversationState, peerOf, type Seat, unread } from '../conversation-state.js'
import type { InboxLayout, NameOf } from './layout.js'

type SeatRow = [own: number, readSeq: number, readOwn: number]
type ListRow = [
  conversation: number,
  peer: number,
  head: number,
  own: number,
  readSeq: number,
  readOwn: number,
  sender: number,
  timestamp: number,
  sentAt: number,
  id: string | null,
  text: string,
]

/** Narrow rows that point to the newest message: a send dirties little, a list looks 20 messages up. */
export class LeanInbox implements InboxLayout {
  readonly #nameOf: NameOf
  readonly #load: Database.Statement<[number, number], SeatRow>
  readonly #add: Database.Statement<number[]>
  readonly #move: Database.Statement<number[]>
  readonly #mark: Database.Statement<number[]>
  readonly #list: Database.Statement<[number, number], ListRow>

  constructor(database: Database.Database, nameOf: NameOf) {
    database.exec(`CREATE TABLE IF NOT EXISTS inbox (
      user INTEGER, position INTEGER, conversation INTEGER, peer INTEGER, head INTEGER,
      own INTEGER, readSeq INTEGER, readOwn INTEGER, PRIMARY KEY (user, position)) WITHOUT ROWID`)
    this.#nameOf = nameOf
    this.#load = database
      .prepare<[number, number], SeatRow>(
        'SELECT own, readSeq, readOwn FROM inbox WHERE user = ? AND position = ?',
      )
      .raw()
    this.#add = database.prepare('INSERT INTO inbox VALUES (?, ?, ?, ?, ?, ?, ?, ?)')
    this.#move = database.prepare(
      'UPDATE inbox SET position = ?, head = ?, own = ?, readSeq = ?, readOwn = ? WHERE user = ? AND position = ?',
    )
    this.#mark = database.prepare('UPDATE inbox SET readSeq = ?, readOwn = ? WHERE user = ? AND position = ?')
    this.#list = database
      .prepare<[number, number], ListRow>(
        `SELECT i.conversation, i.peer, i.head, i.own, i.readSeq, i.readOwn,
                m.sender, m.timestamp, m.sentAt, m.id, m.text
         FROM inbox i LEFT JOIN messages m ON m.conversation = i.conversation AND m.seq = i.head
         WHERE i.user = ? ORDER BY i.position DESC LIMIT ?`,
      )
      .raw()
  }

  load(user: number, position: number): Omit<Seat, 'user'> {
    const [own, readSeq, readOwn] = this.#load.get(user, position) ?? [0, 0, 0]
    return { own, readSeq, readOwn }
  }

  add(state: ConversationState, seat: Seat): void {
    const { user, own, readSeq, readOwn } = seat
    this.#add.run(user, state.position, state.key, peerOf(state, seat), state.head, own, readSeq, readOwn)
  }

  move(state: ConversationState, seat: Seat): void {
    const { user, own, readSeq, readOwn } = seat
    this.#move.run(state.position, state.head, own, readSeq, readOwn, user, state.listedAt)
  }

  mark(state: ConversationState, seat: Seat): void {
    this.#mark.run(seat.readSeq, seat.readOwn, seat.user, state.listedAt)
  }

  list(user: number): ConversationRow[] {
    return this.#list.all(user, LIST_LENGTH).map((row) => this.#row(row))
  }

  #row(row: ListRow): ConversationRow {
    const [conversation, peer, head, own, readSeq, readOwn, sender, timestamp, sentAt, id, text] = row
    return {
      id: String(conversation),
      peer: peer === 0 ? undefined : this.#nameOf(peer),
      headSeq: head,
      readSeq,
      unread: unread(head, { own, readSeq, readOwn }),
      lastMessage:
        id === null ? null : { seq: head, sender: this.#nameOf(sender), timestamp, sentAt, id, text },
    }
  }
}

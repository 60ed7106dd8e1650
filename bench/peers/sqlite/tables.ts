import { closeSync, existsSync, fsyncSync, openSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import type { Send } from '../../workload/send.js'
import { BoundedMap } from '../bounded-map.js'
import { type ConversationRow, type MessageView, PAGE_LENGTH } from '../contestant.js'
import type { ConversationState, Newest, Seat } from '../conversation-state.js'
import type { Original, StoredConversation, Tables } from '../tables.js'
import type { InboxLayout, NameOf } from './layout.js'
import { SCHEMA, STATEMENTS } from './schema.js'
import { LOG_BYTES, tune } from './tuning.js'

const FILE = 'chat.db'
const NAMES_KEPT = 200_000

type ConversationColumns = [
  one: number | null,
  other: number | null,
  members: string | null,
  created: number | null,
]
type PageRow = [seq: number, sender: number, timestamp: number, sentAt: number, id: string, text: string]

function prepareAll(database: Database.Database) {
  return {
    userByName: database.prepare<[string], number>(STATEMENTS.userByName).pluck(),
    nameOfUser: database.prepare<[number], string>(STATEMENTS.nameOfUser).pluck(),
    addUser: database.prepare<[string]>(STATEMENTS.addUser),
    direct: database.prepare<[number, number], number>(STATEMENTS.direct).pluck(),
    conversation: database.prepare<[number], ConversationColumns>(STATEMENTS.conversation).raw(),
    addDirect: database.prepare<[number, number]>(STATEMENTS.addDirect),
    addGroup: database.prepare<[string, number]>(STATEMENTS.addGroup),
    newest: database.prepare<[number], [seq: number, position: number]>(STATEMENTS.newest).raw(),
    addMessage: database.prepare<[number, number, number, number, number, number, string, string]>(
      STATEMENTS.addMessage,
    ),
    byId: database.prepare<[string, number, number], Original>(STATEMENTS.byId),
    countOwn: database.prepare<number[], number>(STATEMENTS.countOwn).pluck(),
    page: database.prepare<[number, number, number], PageRow>(STATEMENTS.page).raw(),
    begin: database.prepare('BEGIN IMMEDIATE'),
    commit: database.prepare('COMMIT'),
    rollback: database.prepare('ROLLBACK'),
  }
}

/** A log full of zeroes has no valid header: SQLite takes it for empty and writes over it without growing the file. */
function fillLog(path: string): void {
  const file = openSync(path, 'w', 0o600)
  const zeroes = Buffer.alloc(1024 * 1024)
  for (let offset = 0; offset < LOG_BYTES; offset += zeroes.length) {
    writeSync(file, zeroes, 0, zeroes.length, offset)
  }
  fsyncSync(file)
  closeSync(file)
}

export class SqliteTables implements Tables {
  readonly #database: Database.Database
  readonly #statements: ReturnType<typeof prepareAll>
  readonly #inbox: InboxLayout
  readonly #names = new BoundedMap<number, string>(NAMES_KEPT)

  constructor(directory: string, layOut: (database: Database.Database, nameOf: NameOf) => InboxLayout) {
    const path = join(directory, FILE)
    if (!existsSync(`${path}-wal`)) fillLog(`${path}-wal`)
    this.#database = new Database(path)
    tune(this.#database)
    this.#database.exec(SCHEMA)
    this.#inbox = layOut(this.#database, (user) => this.nameOf(user))
    this.#statements = prepareAll(this.#database)
  }

  findUser(name: string): number | undefined {
    return this.#statements.userByName.get(name)
  }

  addUser(name: string): number {
    const user = Number(this.#statements.addUser.run(name).lastInsertRowid)
    this.#names.set(user, name)
    return user
  }

  nameOf(user: number): string {
    let name = this.#names.get(user)
    if (name === undefined) {
      this.#names.trim()
      name = this.#statements.nameOfUser.get(user) ?? ''
      this.#names.set(user, name)
    }
    return name
  }

  findDirect(one: number, other: number): number | undefined {
    return this.#statements.direct.get(one, other)
  }

  addDirect(one: number, other: number): number {
    return Number(this.#statements.addDirect.run(one, other).lastInsertRowid)
  }

  addGroup(users: readonly number[], position: number): number {
    return Number(this.#statements.addGroup.run(JSON.stringify(users), position).lastInsertRowid)
  }

  loadConversation(key: number): StoredConversation {
    const [one, other, members, created] = this.#statements.conversation.get(key) ?? [0, 0, null, 0]
    const [head, position] = this.#statements.newest.get(key) ?? [0, created ?? 0]
    const users = members === null ? [one ?? 0, other ?? 0] : (JSON.parse(members) as number[])
    return { users, head, position }
  }

  loadSeat(user: number, position: number): Omit<Seat, 'user'> {
    return this.#inbox.load(user, position)
  }

  addMessage(
    key: number,
    seq: number,
    position: number,
    sender: number,
    timestamp: number,
    send: Send,
  ): Original | undefined {
    const { id, text } = send
    const added = this.#statements.addMessage.run(
      key,
      seq,
      position,
      sender,
      timestamp,
      send.timestamp,
      id,
      text,
    )
    return added.changes === 1 ? undefined : this.#statements.byId.get(id, sender, key)
  }

  countOwn(key: number, sender: number, after: number, upTo: number): number {
    return this.#statements.countOwn.get(key, after, upTo, sender) ?? 0
  }

  addSeat(state: ConversationState, seat: Seat, newest: Newest | null): void {
    this.#inbox.add(state, seat, newest)
  }

  moveSeat(state: ConversationState, seat: Seat, newest: Newest): void {
    this.#inbox.move(state, seat, newest)
  }

  markSeat(state: ConversationState, seat: Seat): void {
    this.#inbox.mark(state, seat)
  }

  list(user: number): ConversationRow[] {
    return this.#inbox.list(user)
  }

  page(key: number, before: number): MessageView[] {
    return this.#statements.page
      .all(key, before, PAGE_LENGTH)
      .map(([seq, sender, timestamp, sentAt, id, text]) => ({
        seq,
        sender: this.nameOf(sender),
        timestamp,
        sentAt,
        id,
        text,
      }))
  }

  /** One pass over the narrow index when opening, instead of a row to rewrite in each transaction. */
  lastPosition(): number {
    return this.#database.prepare<[], number | null>('SELECT max(position) FROM inbox').pluck().get() ?? 0
  }

  begin(): void {
    this.#statements.begin.run()
  }

  commit(): void {
    this.#statements.commit.run()
  }

  rollback(): void {
    if (this.#database.inTransaction) this.#statements.rollback.run()
    this.#names.clear()
  }

  settle(): void {}

  checkpoint(): void {
    this.#database.pragma('wal_checkpoint(PASSIVE)')
  }

  /** Checkpoints the rest and removes the log. */
  close(): void {
    this.#database.close()
  }
}

export function sqliteVersion(): string {
  const database = new Database(':memory:')
  const version = database.prepare<[], string>('SELECT sqlite_version()').pluck().get()
  database.close()
  return `SQLite ${version}`
}

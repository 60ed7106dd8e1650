import Database from 'better-sqlite3'
import { join } from 'node:path'
import type { GroupPlan } from '../workload/groups.js'
import type { Send } from '../workload/send.js'
import {
  type Contestant,
  type ConversationRow,
  LIST_LENGTH,
  type MessageView,
  type OpenOptions,
  PAGE_LENGTH,
  type Receipt,
} from './contestant.js'
import { GroupCommit, Refusal } from './group-commit.js'
import { packageVersion } from './package-version.js'
import { IdempotencyConflict, NotAMember } from './refusals.js'
import { sqliteVersion } from './sqlite/tables.js'

/**
 * SQLite as a server author writes it who knows SQLite and has not spent days on it: tables as one draws them, every
 * statement prepared, WAL, `synchronous=FULL`, one transaction for all that has gathered. All state is in the tables;
 * the tuned contestants keep heads and members in memory in front of them and write each conversation once a group.
 */
const SCHEMA = `
  CREATE TABLE IF NOT EXISTS conversations (id TEXT PRIMARY KEY, head INTEGER NOT NULL) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS members (
    user TEXT, conversation TEXT, peer TEXT, activity INTEGER NOT NULL, readSeq INTEGER NOT NULL,
    unread INTEGER NOT NULL, PRIMARY KEY (user, conversation)
  ) WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS members_by_conversation ON members (conversation);
  CREATE INDEX IF NOT EXISTS members_by_activity ON members (user, activity);
  CREATE TABLE IF NOT EXISTS messages (
    conversation TEXT, seq INTEGER, sender TEXT, id TEXT, text TEXT, timestamp INTEGER, sentAt INTEGER,
    PRIMARY KEY (conversation, seq)
  ) WITHOUT ROWID;
  CREATE UNIQUE INDEX IF NOT EXISTS messages_by_id ON messages (conversation, sender, id);`

const STATEMENTS = {
  begin: 'BEGIN IMMEDIATE',
  commit: 'COMMIT',
  rollback: 'ROLLBACK',
  repeat: 'SELECT seq, text FROM messages WHERE conversation = ? AND sender = ? AND id = ?',
  advance: 'UPDATE conversations SET head = head + 1 WHERE id = ? RETURNING head',
  create: 'INSERT INTO conversations VALUES (?, ?)',
  join: 'INSERT INTO members VALUES (?, ?, ?, ?, 0, 0)',
  isMember: 'SELECT 1 FROM members WHERE user = ? AND conversation = ?',
  append: 'INSERT INTO messages VALUES (?, ?, ?, ?, ?, ?, ?)',
  raise: 'UPDATE members SET activity = ?, unread = unread + (user <> ?) WHERE conversation = ?',
  read: `UPDATE members SET readSeq = min(:seq, c.head),
           unread = (SELECT count(*) FROM messages WHERE conversation = c.id AND seq > :seq AND sender <> :user)
         FROM conversations c
         WHERE user = :user AND conversation = :conversation AND c.id = :conversation AND readSeq < min(:seq, c.head)`,
  list: `SELECT c.id, m.peer, c.head AS headSeq, m.readSeq, m.unread, t.sender, t.timestamp, t.sentAt, t.id AS messageId, t.text
         FROM members m JOIN conversations c ON c.id = m.conversation
         LEFT JOIN messages t ON t.conversation = c.id AND t.seq = c.head
         WHERE m.user = ? ORDER BY m.activity DESC LIMIT ${LIST_LENGTH}`,
  page: `SELECT seq, sender, timestamp, sentAt, id, text FROM messages
         WHERE conversation = ? AND seq < ? ORDER BY seq DESC LIMIT ${PAGE_LENGTH}`,
} as const

interface ListRow extends Omit<ConversationRow, 'lastMessage' | 'peer'> {
  readonly peer: string | null
  readonly sender: string
  readonly timestamp: number
  readonly sentAt: number
  readonly messageId: string | null
  readonly text: string
}

type Work = () => unknown
type Statements = Record<keyof typeof STATEMENTS, Database.Statement>

class PlainSqlite implements Contestant {
  readonly #database: Database.Database
  readonly #statements: Statements
  readonly #queue = new GroupCommit<Work, unknown>((works) => this.#commit(works))
  #activity: number

  constructor(directory: string) {
    this.#database = new Database(join(directory, 'chat.db'))
    for (const setting of ['journal_mode = WAL', 'synchronous = FULL', 'cache_size = -65536'])
      this.#database.pragma(setting)
    this.#database.exec(SCHEMA)
    const prepared = Object.entries(STATEMENTS).map(([name, text]) => [name, this.#database.prepare(text)])
    this.#statements = Object.fromEntries(prepared) as Statements
    const newest = this.#database.prepare('SELECT max(activity) FROM members').pluck().get()
    this.#activity = (newest as number | null) ?? 0
  }

  send(send: Send): Promise<Receipt> {
    return this.#queue.add(() => this.#send(send)) as Promise<Receipt>
  }

  markRead(user: string, conversation: string, seq: number): Promise<unknown> {
    return this.#queue.add(() => this.#statements.read.run({ user, conversation, seq }))
  }

  createGroup({ id, members }: GroupPlan): Promise<string> {
    return this.#queue.add(() => this.#create(id, members, () => null)) as Promise<string>
  }

  conversationOf(one: string, other: string): string {
    return JSON.stringify(one < other ? [one, other] : [other, one])
  }

  list(user: string): readonly ConversationRow[] {
    return (this.#statements.list.all(user) as ListRow[]).map((row) => {
      const { id, peer, headSeq, readSeq, unread, messageId, sender, timestamp, sentAt, text } = row
      const lastMessage =
        messageId === null ? null : { seq: headSeq, sender, timestamp, sentAt, id: messageId, text }
      return { id, peer: peer ?? undefined, headSeq, readSeq, unread, lastMessage }
    })
  }

  page(user: string, conversation: string, before = Number.MAX_SAFE_INTEGER): readonly MessageView[] {
    if (this.#statements.isMember.get(user, conversation) === undefined) throw new NotAMember()
    return this.#statements.page.all(conversation, before) as MessageView[]
  }

  async settle(): Promise<void> {
    await this.#queue.drained()
  }

  async checkpoint(): Promise<void> {
    await this.settle()
    this.#database.pragma('wal_checkpoint(PASSIVE)')
  }

  async close(): Promise<void> {
    await this.settle()
    this.#database.close()
  }

  #send(send: Send): Receipt | Refusal {
    const { sender, id, text, timestamp } = send
    const conversation = 'receiver' in send ? this.conversationOf(sender, send.receiver) : send.conversationId
    const { repeat, advance, isMember, append, raise } = this.#statements
    const original = repeat.get(conversation, sender, id) as { seq: number; text: string } | undefined
    if (original !== undefined) {
      if (original.text !== text) return new Refusal(new IdempotencyConflict())
      return { seq: original.seq, duplicate: true }
    }
    if (!('receiver' in send) && isMember.get(sender, conversation) === undefined)
      return new Refusal(new NotAMember())
    const advanced = advance.get(conversation) as { head: number } | undefined
    if (advanced === undefined && 'receiver' in send) {
      const pair = [...new Set([sender, send.receiver])]
      this.#create(conversation, pair, (user) => pair.find((other) => other !== user) ?? user, 1)
    }
    const seq = advanced?.head ?? 1
    append.run(conversation, seq, sender, id, text, Date.now(), timestamp)
    raise.run(++this.#activity, sender, conversation)
    return { seq, duplicate: false }
  }

  #create(id: string, members: readonly string[], peerOf: (user: string) => string | null, head = 0): string {
    this.#statements.create.run(id, head)
    this.#activity++
    for (const user of members) this.#statements.join.run(user, id, peerOf(user), this.#activity)
    return id
  }

  #commit(works: readonly Work[]): unknown[] {
    this.#statements.begin.run()
    try {
      const results = works.map((work) => work())
      this.#statements.commit.run()
      return results
    } catch (error) {
      this.#statements.rollback.run()
      throw error
    }
  }
}

export function open({ directory }: OpenOptions): Promise<Contestant> {
  return Promise.resolve(new PlainSqlite(directory))
}

export function version(): string {
  return `better-sqlite3 ${packageVersion('better-sqlite3')} (${sqliteVersion()}), plain`
}

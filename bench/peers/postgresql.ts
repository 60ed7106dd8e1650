import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import type { GroupPlan } from '../workload/groups.js'
import type { Send } from '../workload/send.js'
import {
  type Contestant,
  type ConversationReference,
  type ConversationRow,
  LIST_LENGTH,
  type MessageView,
  type OpenOptions,
  PAGE_LENGTH,
  type Receipt,
} from './contestant.js'
import { unread } from './conversation-state.js'
import { GroupCommit, Refusal } from './group-commit.js'
import { packageVersion } from './package-version.js'
import { SCHEMA, SETTINGS, STATEMENTS } from './postgresql-schema.js'
import {
  findProgram,
  PrivateServer,
  programVersion,
  runAs,
  serverAccount,
  serverDirectory,
} from './private-server.js'
import { IdempotencyConflict, NotAMember } from './refusals.js'

const READERS = 4
const HIGHEST_SEQ = 2 ** 31 - 1

type ListColumns = [
  number,
  string | null,
  number,
  number,
  number,
  number,
  string | null,
  string,
  string,
  string,
  string,
]
type PageColumns = [number, string, string, string, string, string]

class Postgresql implements Contestant {
  readonly #server: PrivateServer
  readonly #writer: pg.Client
  readonly #readers: pg.Pool
  readonly #queue = new GroupCommit<Send, Receipt>((sends) => this.#commit(sends))

  constructor(server: PrivateServer, writer: pg.Client, readers: pg.Pool) {
    this.#server = server
    this.#writer = writer
    this.#readers = readers
  }

  send(send: Send): Promise<Receipt> {
    return this.#queue.add(send)
  }

  async #commit(sends: readonly Send[]): Promise<Array<Receipt | Refusal>> {
    const { rows } = await this.#writer.query<[number, boolean]>({
      ...STATEMENTS.send,
      rowMode: 'array',
      values: [
        sends.map((send) => send.sender),
        sends.map((send) => ('receiver' in send ? send.receiver : null)),
        sends.map((send) => ('receiver' in send ? null : Number(send.conversationId))),
        sends.map((send) => send.id),
        sends.map((send) => send.text),
        sends.map((send) => send.timestamp),
      ],
    })
    return rows.map(([seq, duplicate]) =>
      seq < 0 ? new Refusal(new IdempotencyConflict()) : { seq, duplicate },
    )
  }

  async list(user: string): Promise<ConversationRow[]> {
    const query = { ...STATEMENTS.list, rowMode: 'array' as const, values: [user, LIST_LENGTH] }
    const { rows } = await this.#readers.query<ListColumns>(query)
    return rows.map(
      ([conversation, peer, head, own, readSeq, readOwn, sender, timestamp, sentAt, id, text]) => ({
        id: String(conversation),
        peer: peer ?? undefined,
        headSeq: head,
        readSeq,
        unread: unread(head, { own, readSeq, readOwn }),
        lastMessage:
          sender === null
            ? null
            : { seq: head, sender, timestamp: Number(timestamp), sentAt: Number(sentAt), id, text },
      }),
    )
  }

  async page(
    user: string,
    conversation: ConversationReference,
    before = HIGHEST_SEQ,
  ): Promise<MessageView[]> {
    const values = [user, Number(conversation), before, PAGE_LENGTH]
    const { rows } = await this.#readers.query<PageColumns>({ ...STATEMENTS.page, rowMode: 'array', values })
    if (rows.length === 0) await this.#requireMember(user, Number(conversation))
    return rows.map(([seq, sender, timestamp, sentAt, id, text]) => ({
      seq,
      sender,
      timestamp: Number(timestamp),
      sentAt: Number(sentAt),
      id,
      text,
    }))
  }

  /** Only where a page is empty: one with messages proves membership by itself. */
  async #requireMember(user: string, conversation: number): Promise<void> {
    const { rowCount } = await this.#readers.query({ ...STATEMENTS.member, values: [user, conversation] })
    if (rowCount === 0) throw new NotAMember()
  }

  async markRead(user: string, conversation: ConversationReference, seq: number): Promise<unknown> {
    const values = [user, Number(conversation), Math.min(seq, HIGHEST_SEQ)]
    return this.#readers.query({ ...STATEMENTS.mark, values })
  }

  async conversationOf(one: string, other: string): Promise<ConversationReference> {
    const { rows } = await this.#readers.query<{ conversation: number }>({
      ...STATEMENTS.direct,
      values: [one, other],
    })
    return String(rows[0]!.conversation)
  }

  async createGroup(group: GroupPlan): Promise<ConversationReference> {
    await this.#writer.query({ ...STATEMENTS.addUsers, values: [group.members] })
    const query = { ...STATEMENTS.addGroup, values: [group.members] }
    return String((await this.#writer.query<{ conversation: number }>(query)).rows[0]!.conversation)
  }

  /** What autovacuum does a minute later: until then the planner knows nothing of tables that are new, and reads are half as fast. */
  async settle(): Promise<void> {
    await this.#queue.drained()
    await this.#writer.query('ANALYZE')
  }

  async checkpoint(): Promise<void> {
    await this.#queue.drained()
    await this.#writer.query('VACUUM (ANALYZE)')
    await this.#writer.query('CHECKPOINT')
  }

  async close(): Promise<void> {
    await this.#queue.drained()
    await this.#readers.end()
    await this.#writer.end()
    await this.#server.stop('SIGINT')
  }
}

/** Undefined where the benchmark can start a server, else why not. */
export function unavailable(): string | undefined {
  return findProgram('initdb') === undefined || findProgram('postgres') === undefined
    ? 'no PostgreSQL server is installed (Debian: postgresql)'
    : undefined
}

export async function open({ directory }: OpenOptions): Promise<Contestant> {
  const account = serverAccount('postgres')
  const data = join(serverDirectory(join(directory, 'postgresql'), account), 'data')
  const connection = { host: join(directory, 'postgresql'), user: 'postgres', database: 'postgres' }
  try {
    runAs(account, findProgram('initdb')!, [
      '-D',
      data,
      '-U',
      'postgres',
      '-A',
      'trust',
      '--locale=C',
      '-E',
      'UTF8',
    ])
    const settings = { ...SETTINGS, unix_socket_directories: `'${connection.host}'` }
    const lines = Object.entries(settings).map(([name, value]) => `${name} = ${value || "''"}`)
    writeFileSync(join(data, 'postgresql.auto.conf'), `${lines.join('\n')}\n`)
  } catch (error) {
    if (!String(error).includes('exists but is not empty')) throw error // a store that is opened again
  }
  const server = new PrivateServer(findProgram('postgres')!, ['-D', data], account)
  const writer = await server.connect(async () => {
    const client = new pg.Client(connection)
    await client.connect()
    return client
  })
  await writer.query(SCHEMA)
  const readers = new pg.Pool({ ...connection, max: READERS })
  // A query says by itself that its connection is gone; one that is idle may hear from the server that it stops before it has ended.
  readers.on('error', () => undefined)
  return new Postgresql(server, writer, readers)
}

export function version(): string {
  return `${programVersion('postgres')} through pg ${packageVersion('pg')}`
}

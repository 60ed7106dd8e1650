import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Redis } from 'ioredis'
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
import { GroupCommit, Refusal } from './group-commit.js'
import { packageVersion } from './package-version.js'
import { findProgram, PrivateServer, programVersion, serverDirectory } from './private-server.js'
import { LIST, MARK, PAGE, SEND } from './redis-scripts.js'
import { IdempotencyConflict, NotAMember } from './refusals.js'

type Scripts = Redis & {
  chatSend(...parameters: Array<string | number>): Promise<number[]>
  chatMark(user: string, conversation: string, seq: number): Promise<number>
  chatList(user: string, limit: number): Promise<string[]>
  chatPage(user: string, conversation: string, before: number, limit: number): Promise<string[] | null>
}
type ListEntry = [
  conversation: string,
  peer: string,
  head: string,
  unread: string,
  read: string,
  newest: string,
]

const CONFLICT = -1
const FIELDS_PER_SEND = 5

const directName = (one: string, other: string): string =>
  `d:${one < other ? `${one}:${other}` : `${other}:${one}`}`
const isDirect = (conversation: string): boolean => conversation.startsWith('d:')

/**
 * Redis with every write in its append-only file before the answer. A group of sends is one script call: one reply
 * waits for one sync, and messages go over the wire once.
 */
class RedisStore implements Contestant {
  readonly #server: PrivateServer
  readonly #redis: Scripts
  readonly #queue = new GroupCommit<Send, Receipt>((sends) => this.#commit(sends))

  constructor(server: PrivateServer, redis: Scripts) {
    this.#server = server
    this.#redis = redis
  }

  send(send: Send): Promise<Receipt> {
    return this.#queue.add(send)
  }

  async #commit(sends: readonly Send[]): Promise<Array<Receipt | Refusal>> {
    const timestamp = Date.now()
    const parameters = sends.flatMap((send) => [
      'receiver' in send ? directName(send.sender, send.receiver) : send.conversationId,
      send.sender,
      'receiver' in send ? send.receiver : '',
      send.id,
      JSON.stringify([timestamp, send.timestamp, send.id, send.sender, send.text]),
    ])
    const answers = await this.#redis.chatSend(FIELDS_PER_SEND, timestamp, ...parameters)
    return sends.map((_, index) => {
      const seq = answers[index * 2]!
      if (seq === CONFLICT) return new Refusal(new IdempotencyConflict())
      return { seq, duplicate: answers[index * 2 + 1] === 1 }
    })
  }

  async list(user: string): Promise<ConversationRow[]> {
    const entries = await this.#redis.chatList(user, LIST_LENGTH)
    return entries.map((entry) => {
      const [id, peer, head, unread, read, newest] = entry as unknown as ListEntry
      const seq = Number(head)
      const lastMessage = newest === '' ? null : messageView(seq, newest)
      const other = isDirect(id) ? peer : undefined
      return { id, peer: other, headSeq: seq, readSeq: Number(read), unread: Number(unread), lastMessage }
    })
  }

  async page(user: string, conversation: ConversationReference, before = 0): Promise<MessageView[]> {
    const rows = await this.#redis.chatPage(user, conversation, before, PAGE_LENGTH)
    if (rows === null) throw new NotAMember()
    const first = Number(rows.shift())
    return rows.map((row, index) => messageView(first + index, row)).reverse()
  }

  async markRead(user: string, conversation: ConversationReference, seq: number): Promise<unknown> {
    return this.#redis.chatMark(user, conversation, seq)
  }

  conversationOf(one: string, other: string): ConversationReference {
    return directName(one, other)
  }

  async createGroup(group: GroupPlan): Promise<ConversationReference> {
    const name = `g:${group.id}`
    await this.#redis.sadd(`members:${name}`, ...group.members)
    const place = await this.#redis.incr('position')
    const pipeline = this.#redis.pipeline()
    for (const member of group.members) pipeline.zadd(`inbox:${member}`, place, name)
    await pipeline.exec()
    return name
  }

  settle(): Promise<void> {
    return this.#queue.drained()
  }

  checkpoint(): Promise<void> {
    return this.settle()
  }

  async close(): Promise<void> {
    await this.#queue.drained()
    this.#redis.disconnect()
    await this.#server.stop('SIGTERM')
  }
}

function messageView(seq: number, row: string): MessageView {
  const [timestamp, sentAt, id, sender, text] = JSON.parse(row) as [number, number, string, string, string]
  return { seq, timestamp, sentAt, id, sender, text }
}

/** Undefined where the benchmark can start a server, else why not. */
export function unavailable(): string | undefined {
  return findProgram('redis-server') === undefined
    ? 'no Redis server is installed (Debian: redis-server)'
    : undefined
}

export async function open({ directory }: OpenOptions): Promise<Contestant> {
  const home = serverDirectory(join(directory, 'redis'), undefined)
  const socket = join(home, 'redis.sock')
  const configuration = join(home, 'redis.conf')
  const settings = [
    'port 0',
    `unixsocket ${socket}`,
    `dir ${home}`,
    'appendonly yes',
    'appendfsync always',
    'save ""',
    'auto-aof-rewrite-percentage 0',
    'daemonize no',
  ]
  writeFileSync(configuration, `${settings.join('\n')}\n`)
  const server = new PrivateServer(findProgram('redis-server')!, [configuration], undefined)
  const redis = await server.connect(async () => {
    const client = new Redis(socket, { lazyConnect: true, retryStrategy: () => null })
    client.on('error', () => {}) // the attempt below says it
    await client.connect()
    await client.ping()
    return client
  })
  redis.defineCommand('chatSend', { numberOfKeys: 0, lua: SEND })
  redis.defineCommand('chatMark', { numberOfKeys: 0, lua: MARK })
  redis.defineCommand('chatList', { numberOfKeys: 0, lua: LIST })
  redis.defineCommand('chatPage', { numberOfKeys: 0, lua: PAGE })
  return new RedisStore(server, redis as Scripts)
}

export function version(): string {
  return `${programVersion('redis-server')} through ioredis ${packageVersion('ioredis')}`
}

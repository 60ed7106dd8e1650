import { setTimeout as sleep } from 'node:timers/promises'
import { Level } from 'level'
import type { Contestant, MessageView, OpenOptions } from './contestant.js'
import { EmbeddedStore } from './embedded-store.js'
import { carriedMessage, type Counters, type Entry, KeyValueTables } from './key-value/key-value-tables.js'
import { conversationKey, HIGHEST_NUMBER, lastKey, messageKey, nameKey, numberIn } from './key-value/keys.js'
import { decodeNumbers, encodeNumbers, type InboxRow, senderOf } from './key-value/values.js'
import type { ConversationState, Newest, Seat } from './conversation-state.js'
import { LEVEL0_LIMIT } from './level-zero.js'
import { packageVersion } from './package-version.js'

const QUIET_POLL_MS = 20
const AFTER_ALL_KEYS = Buffer.from([0xff])
const MIB = 1024 * 1024
/**
 * Tuning of LevelDB, tried on the chat-like workload with 256 in flight:
 * - chained batches, one synced write per group; keys led by the message id, a conversation moved once per group;
 * - list rows that carry the newest message: writing more is cheap in a log-structured store, looking 20 messages up is
 *   not; there is no synchronous scan, so heads are kept in rows of their own, which `getSync` reads;
 * - a write buffer of 64 MiB instead of 4: fewer compactions; compression off: no faster.
 */
const SETTINGS = {
  keyEncoding: 'buffer',
  valueEncoding: 'buffer',
  writeBufferSize: 64 * MIB,
  cacheSize: 128 * MIB,
} as const

/** LevelDB under `level`: what abstract-level does not declare, classic-level has. */
type Store = Level<Buffer, Buffer> & {
  getSync(key: Buffer): Buffer | undefined
  getProperty(property: string): string
  compactRange(start: Buffer, end: Buffer): Promise<void>
}
type Batch = ReturnType<Store['batch']> & { put(key: Buffer, value: Buffer): Batch; del(key: Buffer): Batch }

class LevelTables extends KeyValueTables {
  readonly #store: Store
  #batch: Batch | null = null

  constructor(store: Store, counters: Counters) {
    super(counters)
    this.#store = store
  }

  override begin(): void {
    super.begin()
    this.#batch = this.#store.batch()
  }

  protected get(key: Buffer): Buffer | undefined {
    return this.#store.getSync(key)
  }

  protected put(key: Buffer, value: Buffer): void {
    this.#batch!.put(key, value)
  }

  protected delete(key: Buffer): void {
    this.#batch!.del(key)
  }

  protected write(): Promise<void> {
    return this.#batch!.write({ sync: true })
  }

  protected async scan(from: Buffer, to: Buffer, limit: number): Promise<readonly Entry[]> {
    const iterator = this.#store.iterator({ gte: from, lte: to, limit })
    try {
      return (await iterator.nextv(limit)).map(([key, value]) => ({ key, value }))
    } finally {
      await iterator.close()
    }
  }

  /** There is no synchronous scan: the head is kept in a row of its own. */
  protected headOf(conversation: number): { head: number; position: number } | undefined {
    const row = this.get(headKey(conversation))
    if (row === undefined) return undefined
    const [head = 0, position = 0] = decodeNumbers(row)
    return { head, position }
  }

  override addSeat(state: ConversationState, seat: Seat, newest: Newest | null): void {
    super.addSeat(state, seat, newest)
    if (seat === state.seats[0]) this.put(headKey(state.key), encodeNumbers([state.head, state.position]))
  }

  protected carried(conversation: number): Buffer | null {
    return this.newest.get(conversation) ?? null
  }

  protected messageOf(row: InboxRow, bytes: Buffer): MessageView | null {
    return carriedMessage(row, bytes, this.nameOf)
  }

  countOwn(key: number, sender: number, after: number, upTo: number): number {
    let count = 0
    for (let seq = after + 1; seq <= upTo; seq++) {
      const message = this.get(messageKey(key, seq))
      if (message !== undefined && senderOf(message) === sender) count++
    }
    return count
  }

  async checkpoint(): Promise<void> {
    await this.#store.compactRange(AFTER_ALL_KEYS, AFTER_ALL_KEYS) // writes the memtable out, compacts nothing
    await this.settle()
  }

  async settle(): Promise<void> {
    while (Number(this.#store.getProperty('leveldb.num-files-at-level0')) >= LEVEL0_LIMIT)
      await sleep(QUIET_POLL_MS)
  }

  async close(): Promise<void> {
    await this.#store.close()
  }
}

function headKey(conversation: number): Buffer {
  const key = conversationKey(conversation)
  key[0] = 'h'.charCodeAt(0)
  return key
}

async function lastNumber(store: Store, key: (number: number) => Buffer): Promise<number> {
  const [last] = await store.keys({ gte: key(0), lte: key(HIGHEST_NUMBER), reverse: true, limit: 1 }).all()
  return last === undefined ? 0 : numberIn(last)
}

export async function open({ directory }: OpenOptions): Promise<Contestant> {
  const store = new Level<Buffer, Buffer>(`${directory}/chat`, SETTINGS) as Store
  await store.open()
  const last = store.getSync(lastKey)
  const counters = {
    user: await lastNumber(store, nameKey),
    conversation: await lastNumber(store, conversationKey),
    position: last === undefined ? 0 : decodeNumbers(last)[0]!,
  }
  return new EmbeddedStore(new LevelTables(store, counters))
}

export function version(): string {
  return `level ${packageVersion('level')} (classic-level ${packageVersion('classic-level')})`
}

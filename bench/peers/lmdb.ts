import { open as openLmdb, type RootDatabase } from 'lmdb'
import type { Contestant, MessageView, OpenOptions } from './contestant.js'
import { EmbeddedStore } from './embedded-store.js'
import {
  carriedMessage,
  type Counters,
  countSender,
  type Entry,
  KeyValueTables,
  positionOf,
  seqIn,
} from './key-value/key-value-tables.js'
import { conversationKey, HIGHEST_NUMBER, lastKey, messageKey, nameKey, numberIn } from './key-value/keys.js'
import { decodeMessage, decodeNumbers, type InboxRow } from './key-value/values.js'
import { packageVersion } from './package-version.js'

const MAP_BYTES = 64 * 1024 ** 3
const WIDE = process.env['LMDB_WIDE'] === '1'
const EXTRA = JSON.parse(process.env['LMDB_EXTRA'] ?? '{}') as object

type Store = RootDatabase<Buffer, Buffer>

class LmdbTables extends KeyValueTables {
  readonly #store: Store
  #last: Promise<unknown> = Promise.resolve()

  constructor(store: Store, counters: Counters) {
    super(counters)
    this.#store = store
  }

  protected get(key: Buffer): Buffer | undefined {
    return this.#store.getBinaryFast(key)
  }

  protected put(key: Buffer, value: Buffer): void {
    this.#last = this.#store.put(key, value)
  }

  protected delete(key: Buffer): void {
    this.#last = this.#store.remove(key)
  }

  protected async write(): Promise<void> {
    await this.#last
    await this.#store.flushed
  }

  protected scan(from: Buffer, to: Buffer, limit: number): readonly Entry[] {
    return [...this.#store.getRange({ start: from, end: to, inclusiveEnd: true, limit })]
  }

  protected headOf(conversation: number): { head: number; position: number } | undefined {
    const [newest] = this.scan(messageKey(conversation, HIGHEST_NUMBER), messageKey(conversation, 0), 1)
    return newest === undefined ? undefined : { head: seqIn(newest.key), position: positionOf(newest.value) }
  }

  protected carried(conversation: number): Buffer | null {
    return WIDE ? (this.newest.get(conversation) ?? null) : null
  }

  protected messageOf(row: InboxRow, bytes: Buffer): MessageView | null {
    if (WIDE) return carriedMessage(row, bytes, this.nameOf)
    const message = this.get(messageKey(row.conversation, row.head))
    return message === undefined ? null : decodeMessage(message, row.head, this.nameOf)
  }

  countOwn(key: number, sender: number, after: number, upTo: number): number {
    return countSender(this.scan(messageKey(key, upTo), messageKey(key, after + 1), upTo - after), sender)
  }

  settle(): void {}

  checkpoint(): void {}

  async close(): Promise<void> {
    await this.#store.close()
  }
}

function lastNumber(store: Store, key: (number: number) => Buffer): number {
  const [last] = [...store.getKeys({ start: key(HIGHEST_NUMBER), end: key(0), reverse: true, limit: 1 })]
  return last === undefined ? 0 : numberIn(last)
}

export function open({ directory }: OpenOptions): Promise<Contestant> {
  const store: Store = openLmdb({
    path: `${directory}/chat.mdb`,
    encoding: 'binary',
    keyEncoding: 'binary',
    mapSize: MAP_BYTES,
    noMemInit: true,
    ...EXTRA,
  })
  const last = store.getBinary(lastKey)
  const counters = {
    user: lastNumber(store, nameKey),
    conversation: lastNumber(store, conversationKey),
    position: last === undefined ? 0 : decodeNumbers(last)[0]!,
  }
  return Promise.resolve(new EmbeddedStore(new LmdbTables(store, counters)))
}

export function version(): string {
  return `lmdb ${packageVersion('lmdb')}`
}

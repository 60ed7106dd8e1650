/** What a client sends. The `id` makes retries idempotent; `timestamp` is the client's clock in epoch milliseconds. */
export interface DirectSend {
  readonly sender: string
  readonly receiver: string
  readonly text: string
  readonly id: string
  readonly timestamp: number
}

export interface GroupSend {
  readonly sender: string
  readonly conversationId: string
  readonly text: string
  readonly id: string
  readonly timestamp: number
}

export type Send = DirectSend | GroupSend

/** Sends one after the other, made on demand: a list of millions would be counted as the store's memory. */
export type SendSource<T extends Send = DirectSend> = () => T

/** The first client timestamp of every workload; clients' clocks tick a millisecond per message. */
export const EPOCH_MS = 1_700_000_000_000

export const userId = (index: number): string => `user-${index}`

/**
 * Ids as clients make them: ordered by time like a ULID or UUIDv7, then the device. Stores whose index begins with the
 * id therefore append to it; random ids would be harder on them and the same to the others.
 */
export const messageId = (index: number): string => `m${index.toString(36).padStart(7, '0')}-d1`

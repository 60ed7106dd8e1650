import type { RecentPage } from '../../backend/port.js'
import type { Message } from '../../model/message.js'

export interface MessageRange {
  readonly from: number
  readonly to: number
  readonly descending: boolean
}

/** What has been answered about messages of a conversation. */
export interface KeptMessagesAnswer extends MessageRange {
  readonly items: readonly Message[]
}

/** What has been answered about the beginning of a list. */
export interface KeptListAnswer {
  readonly limit: number
  readonly version: number
  /** The newest position among the user's large groups. */
  readonly newestLarge: number
  readonly answer: RecentPage
}

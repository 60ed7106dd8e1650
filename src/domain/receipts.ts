import { andThen } from '../async/maybe-promise.js'
import type { Backend, ConversationHandle, MaybePromise } from '../backend/port.js'
import { isPresent } from '../model/group.js'
import type { Participation } from '../model/conversation.js'
import type { UserId } from '../model/ids.js'
import type { DomainContext } from './context.js'
import { see } from './participants.js'
import type { Target } from './participants.js'

/** How far a present member of a conversation has come. */
export interface Receipt {
  readonly userId: UserId
  readonly deliveredSeq: number
  readonly readSeq: number
}

/** How far each member has got and read a conversation. */
export class Receipts {
  readonly #context: DomainContext
  readonly #backend: Backend

  constructor(context: DomainContext) {
    this.#context = context
    this.#backend = context.backend
  }

  /**
   * The present members, the user among them, in the order of joining; the two of a direct conversation with the user
   * first. Empty where it has not begun, and for one who has left.
   */
  list(user: UserId, target: Target, limit: number): MaybePromise<Receipt[]> {
    return andThen(see(this.#context, user, target), ({ handle, participation }) => {
      if (participation === null || !isPresent(participation)) return []
      return this.#list(user, handle, participation, limit)
    })
  }

  async #list(
    user: UserId,
    handle: ConversationHandle,
    participation: Participation,
    limit: number,
  ): Promise<Receipt[]> {
    const members = await this.#members(user, handle, participation, limit)
    return Promise.all(
      members.map(async (userId) => {
        const { delivered, read } = await this.#backend.marks(userId, handle)
        return { userId, deliveredSeq: delivered, readSeq: read }
      }),
    )
  }

  #members(
    user: UserId,
    handle: ConversationHandle,
    { kind, peer }: Participation,
    limit: number,
  ): MaybePromise<UserId[]> {
    if (kind === 'direct') {
      return peer === undefined || peer === user ? [user] : [user, peer].slice(0, limit)
    }
    // The look may have waited, and the conversation's handle be another one by now.
    const current = this.#backend.conversation(handle.id)
    return this.#context.lanes.look(current, async () => {
      await this.#backend.load(current, user)
      const members = await this.#backend.members(current, 0, limit)
      return members.map(({ userId }) => userId)
    })
  }
}

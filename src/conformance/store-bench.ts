import type { MessageStore } from '../api/message-store.js'
import type { ConversationRef, GetConversationsOptions, GetMessagesOptions } from '../api/read-arguments.js'
import type { Change } from '../model/change.js'
import type { SendReceipt } from '../model/message.js'
import type { OpenedStore } from './opened-store.js'

/** A store with the few things at hand that nearly all cases do with one. */
export class StoreBench {
  readonly #opened: OpenedStore
  #store: MessageStore

  constructor(opened: OpenedStore) {
    this.#opened = opened
    this.#store = opened.store
  }

  get store(): MessageStore {
    return this.#store
  }

  async settle(): Promise<void> {
    await this.#opened.settle?.()
  }

  /** Closes the store and opens its data again; false where nothing outlives a close. */
  async reopen(): Promise<boolean> {
    const reopened = await this.#opened.reopen?.()
    if (reopened === undefined) return false
    this.#store = reopened
    return true
  }

  /** Sends to a user and settles. */
  async say(sender: string, receiver: string, text: string, id?: string): Promise<SendReceipt> {
    const receipt = await this.store.sendMessage({
      sender,
      receiver,
      text,
      ...(id === undefined ? {} : { id }),
    })
    await this.settle()
    return receipt
  }

  /** Sends into a conversation and settles. */
  async sayIn(conversationId: string, sender: string, text: string): Promise<SendReceipt> {
    const receipt = await this.store.sendMessage({ sender, conversationId, text })
    await this.settle()
    return receipt
  }

  /** Makes a group and settles; gives its id. */
  async group(...members: readonly [creator: string, ...others: string[]]): Promise<string> {
    const { id } = await this.store.groups.create({ creator: members[0], title: 'A group', members })
    await this.settle()
    return id
  }

  /** The texts of one page, in its order. */
  async texts(
    user: string,
    conversation: ConversationRef,
    options?: GetMessagesOptions,
  ): Promise<readonly string[]> {
    return (await this.store.getMessages(user, conversation, options)).items.map(({ text }) => text)
  }

  /** Peers and titles of the list. */
  async names(user: string, options?: GetConversationsOptions): Promise<readonly (string | undefined)[]> {
    return (await this.store.getConversations(user, options)).items.map(({ peer, title }) => peer ?? title)
  }

  /** Every page of changes behind the token. */
  async changes(user: string, since: string, limit?: number): Promise<{ changes: Change[]; token: string }> {
    const changes: Change[] = []
    let token = since
    for (;;) {
      const page = await this.store.getChanges(user, {
        since: token,
        ...(limit === undefined ? {} : { limit }),
      })
      changes.push(...page.changes)
      token = page.token
      if (!page.hasMore) return { changes, token }
    }
  }

  /** The token of now. */
  async token(user: string): Promise<string> {
    return (await this.store.getChanges(user)).token
  }
}

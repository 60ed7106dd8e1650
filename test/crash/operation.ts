import type { MessageStore } from '../../src/api/message-store.js'
import type { SendReceipt } from '../../src/model/message.js'

/** A call that changes the store, as plain data: the worker journals it before it makes it, the parent can repeat it. */
export type Operation =
  | Send
  | {
      readonly kind: 'mark'
      readonly user: string
      readonly conversation: string
      readonly by: 'read' | 'delivered'
      readonly seq: number
    }
  | CreateGroup
  | {
      readonly kind: 'member'
      readonly conversation: string
      readonly actor: string
      readonly user: string
      readonly joins: boolean
    }
  | { readonly kind: 'title'; readonly conversation: string; readonly actor: string; readonly title: string }
  | { readonly kind: 'block'; readonly user: string; readonly other: string; readonly blocked: boolean }
  /** An alias of null takes the contact off the list. */
  | { readonly kind: 'contact'; readonly user: string; readonly other: string; readonly alias: string | null }
  | { readonly kind: 'profile'; readonly user: string; readonly name: string }

export interface Send {
  readonly kind: 'send'
  readonly sender: string
  /** Null in a group. */
  readonly receiver: string | null
  readonly conversation: string
  readonly id: string
  readonly text: string
  readonly attributes: { readonly n: number } | null
}

export interface CreateGroup {
  readonly kind: 'create'
  readonly conversation: string
  readonly creator: string
  readonly members: readonly string[]
  readonly title: string
}

/** The codes with which the call may be refused where nothing has failed. */
export function refusalsOf(operation: Operation): readonly string[] {
  switch (operation.kind) {
    case 'send':
      return operation.receiver === null ? ['NOT_A_MEMBER'] : ['BLOCKED']
    case 'mark':
      return ['NOT_A_MEMBER']
    case 'create':
    case 'member':
      return ['BLOCKED']
    default:
      return []
  }
}

/** Makes the call. Only sends answer something that matters. */
export async function perform(store: MessageStore, operation: Operation): Promise<SendReceipt | null> {
  switch (operation.kind) {
    case 'send':
      return send(store, operation)
    case 'mark': {
      const { user, conversation, by, seq } = operation
      await (by === 'read'
        ? store.markRead(user, conversation, seq)
        : store.markDelivered(user, conversation, seq))
      return null
    }
    case 'create': {
      const { conversation, creator, members, title } = operation
      await store.groups.create({ id: conversation, creator, members, title })
      return null
    }
    case 'member': {
      const { conversation, actor, user, joins } = operation
      if (joins) await store.groups.addMembers(actor, conversation, [user])
      else await store.groups.removeMember(actor, conversation, user)
      return null
    }
    case 'title':
      await store.groups.rename(operation.actor, operation.conversation, operation.title)
      return null
    case 'block': {
      const { user, other, blocked } = operation
      await (blocked ? store.contacts.block(user, other) : store.contacts.unblock(user, other))
      return null
    }
    case 'contact': {
      const { user, other, alias } = operation
      await (alias === null ? store.contacts.remove(user, other) : store.contacts.add(user, other, { alias }))
      return null
    }
    case 'profile':
      await store.users.update(operation.user, { name: operation.name })
      return null
  }
}

function send(
  store: MessageStore,
  { sender, receiver, conversation, id, text, attributes }: Send,
): Promise<SendReceipt> {
  const content = { sender, id, text, ...(attributes === null ? {} : { attributes }) }
  return store.sendMessage(
    receiver === null ? { ...content, conversationId: conversation } : { ...content, receiver },
  )
}

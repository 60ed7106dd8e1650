import { unreadOf } from '../model/conversation.js'
import type { Participation } from '../model/conversation.js'
import type { ConversationId, MessageId, UserId } from '../model/ids.js'
import type { MessageDraft, SendReceipt } from '../model/message.js'
import { MOVED } from '../backend/port.js'
import type {
  Backend,
  ChangeRef,
  Committed,
  ConversationChange,
  ConversationHandle,
} from '../backend/port.js'
import type { OpenBackend, OpenedBackend } from './opened-backend.js'

/** How often a write may be answered by MOVED in a row before something is wrong. */
const maxMoves = 1000

/** A backend with the few things at hand that nearly all cases do with one. */
export class Workbench {
  readonly #open: OpenBackend
  readonly #opened: OpenedBackend[] = []
  #backend: Backend | null = null
  #drafts = 0

  constructor(open: OpenBackend) {
    this.#open = open
  }

  get backend(): Backend {
    if (this.#backend === null) throw new Error('open the workbench first')
    return this.#backend
  }

  async open(): Promise<void> {
    this.#backend = await this.another()
  }

  /** A second, unrelated backend. */
  async another(): Promise<Backend> {
    const opened = await this.#open()
    this.#opened.push(opened)
    return opened.backend
  }

  /** Closes the backend and opens its data again; false where nothing outlives a close. */
  async reopen(): Promise<boolean> {
    const reopened = await this.#opened[0]?.reopen?.()
    if (reopened === undefined) return false
    this.#backend = reopened
    return true
  }

  async settle(): Promise<void> {
    await this.#opened[0]?.settle?.()
  }

  async dispose(): Promise<void> {
    await this.#backend?.close()
    for (const { backend, dispose } of this.#opened) {
      await backend.close()
      await dispose?.()
    }
  }

  /** The loaded handle of a direct conversation. It has a lane, so that it stays the one handle. */
  async direct(a: string, b: string): Promise<ConversationHandle> {
    const handle = this.backend.direct(a as UserId, b as UserId)
    handle.lane = this
    await this.backend.load(handle, a as UserId)
    return handle
  }

  /** Makes a group of the members, the first of whom is its creator; settled. */
  async group(id: string, members: readonly string[], title?: string): Promise<ConversationHandle> {
    const handle = this.backend.conversation(id as ConversationId)
    handle.lane = this
    const users = members as readonly UserId[]
    const creator = users[0] as UserId
    await this.change(handle, { kind: 'create', creator, title, members: users, createdAs: `${id} as made` })
    return handle
  }

  draft(sender: string, text: string, rest: Partial<MessageDraft> = {}): MessageDraft {
    this.#drafts += 1
    const id = `m${this.#drafts}` as MessageId
    const nothing = { deviceId: undefined, attributes: undefined, sentAt: undefined }
    return { sender: sender as UserId, id, text, ...nothing, ...rest }
  }

  /** Appends and settles. */
  async send(handle: ConversationHandle, draft: MessageDraft): Promise<SendReceipt> {
    const receipt = await this.#write(handle, draft.sender, () =>
      this.backend.append(handle, handle.head, draft),
    )
    await this.settle()
    return receipt
  }

  /** Sends one message after the other. */
  async say(
    handle: ConversationHandle,
    ...spoken: readonly (readonly [sender: string, text: string])[]
  ): Promise<void> {
    for (const [sender, text] of spoken) await this.send(handle, this.draft(sender, text))
  }

  /** Commits and settles. */
  async change(handle: ConversationHandle, change: ConversationChange): Promise<Committed> {
    const committed = await this.#write(handle, viewerOf(change, handle), () =>
      this.backend.commit(handle, handle.head, change),
    )
    await this.settle()
    return committed
  }

  async join(handle: ConversationHandle, ...users: readonly string[]): Promise<void> {
    await this.change(handle, { kind: 'join', users: users as readonly UserId[] })
  }

  async leave(handle: ConversationHandle, user: string, owner: string | null): Promise<void> {
    await this.change(handle, { kind: 'leave', user: user as UserId, owner: owner as UserId | null })
  }

  /** Marks as read up to `seq`, as a caller of the port does it, and settles. */
  async read(user: string, handle: ConversationHandle, seq: number): Promise<void> {
    const reader = user as UserId
    const before = await this.backend.marks(reader, handle)
    const ownAtRead = await this.backend.ownCount(reader, handle, seq)
    const marks = { read: seq, delivered: Math.max(seq, before.delivered), ownAtRead }
    await this.backend.mark(reader, handle, marks, 'read')
    await this.settle()
  }

  async deliver(user: string, handle: ConversationHandle, seq: number): Promise<void> {
    const { read, ownAtRead } = await this.backend.marks(user as UserId, handle)
    await this.backend.mark(user as UserId, handle, { read, delivered: seq, ownAtRead }, 'delivered')
    await this.settle()
  }

  /** The user's part in the conversation; there must be one. */
  async part(user: string, handle: ConversationHandle): Promise<Participation> {
    const participation = await this.backend.participation(user as UserId, handle)
    if (participation === null) throw new Error(`${user} has no part in ${handle.id}`)
    return participation
  }

  /** The whole list of a user: ids, newest first. */
  async list(user: string): Promise<readonly ConversationId[]> {
    const { entries } = await this.backend.recent(user as UserId, { limit: 1000 })
    return entries.map(({ conversationId }) => conversationId)
  }

  /** The pointers of the user's feed behind `after`, read page by page. */
  async feed(user: string, after: ChangeRef['position'], limit = 1000): Promise<readonly ChangeRef[]> {
    const refs: ChangeRef[] = []
    let from = after
    for (;;) {
      const page = await this.backend.changes(user as UserId, from, limit)
      refs.push(...page.refs)
      if (!page.more) return refs
      if (page.through <= from) throw new Error('the feed has more, but does not go on')
      from = page.through
    }
  }

  /** Everything that can be read about the users and conversations, positions included. */
  async dump(users: readonly string[], handles: readonly ConversationHandle[]): Promise<unknown> {
    const { backend } = this
    const shown: unknown[] = []
    for (const name of users) {
      const user = name as UserId
      const { entries } = await backend.recent(user, { limit: 1000 })
      const contacts = await backend.contacts(user, undefined, 1000)
      const profile = await backend.user(user)
      const unread = await backend.unread(user)
      shown.push({ name, entries, contacts, profile, unread, counts: entries.map(unreadOf) })
    }
    for (const { id } of handles) {
      const handle = backend.conversation(id)
      const viewer = handle.pair?.[0] ?? (users[0] as UserId)
      await backend.load(handle, viewer)
      const { head, group } = handle
      const messages =
        head === 0 ? [] : await backend.messages(handle, { from: 1, to: head, descending: false })
      const members = handle.kind === 'group' ? await backend.members(handle, 0, 1000) : []
      shown.push({ id, head, durableHead: handle.durableHead, group, messages, members })
    }
    return shown
  }

  async #write<T>(
    handle: ConversationHandle,
    viewer: UserId,
    write: () => Promise<T | typeof MOVED>,
  ): Promise<T> {
    for (let moves = 0; moves < maxMoves; moves += 1) {
      await this.backend.load(handle, viewer)
      const outcome = await write()
      if (outcome !== MOVED) return outcome
      if (this.backend.capabilities.moved === 'never')
        throw new Error('moved, although this backend never says so')
    }
    throw new Error('the conversation moves all the time')
  }
}

function viewerOf(change: ConversationChange, handle: ConversationHandle): UserId {
  if (change.kind === 'create') return change.creator
  if (change.kind === 'block') return change.blocker
  return handle.group?.creator ?? ('nobody' as UserId)
}

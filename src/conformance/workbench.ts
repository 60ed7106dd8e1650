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
import type { CaseNeeds, OpenBackend, OpenedBackend } from './opened-backend.js'

/** How often a write may be answered by MOVED in a row before something is wrong. */
const maxMoves = 1000

/** A backend with the few things at hand that nearly all cases do with one. */
export class Workbench {
  readonly #open: OpenBackend
  readonly #opened: OpenedBackend[] = []
  /** What has to be closed at the end. */
  readonly #running = new Set<Backend>()
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
    this.#running.add(opened.backend)
    return opened.backend
  }

  /** True if the backend was opened with what a case needs. */
  has(needed: CaseNeeds): boolean {
    return this.#opened[0]?.[needed] !== undefined
  }

  /** Closes the backend and opens its data again; false where nothing outlives a close. */
  async reopen(): Promise<boolean> {
    const reopened = await this.#opened[0]?.reopen?.()
    if (reopened === undefined) return false
    this.#running.add(reopened)
    this.#backend = reopened
    return true
  }

  /** A second backend on the same data, for cases that need one. */
  async beside(): Promise<Backend> {
    const beside = await this.#opened[0]?.beside?.()
    if (beside === undefined) throw new Error('this case needs `beside`')
    this.#running.add(beside)
    return beside
  }

  /** Lets the backend crash, for cases that need one that can: from then on it is what was opened after the crash. */
  async crash(): Promise<void> {
    this.#running.delete(this.backend)
    const left = await this.#opened[0]?.crash?.()
    if (left === undefined) throw new Error('this case needs `crash`')
    this.#running.add(left)
    this.#backend = left
  }

  async settle(): Promise<void> {
    await this.#opened[0]?.settle?.()
  }

  /** What is to be done at the end, step by step. */
  closings(): (() => Promise<void> | undefined)[] {
    return [
      ...[...this.#running].map((backend) => () => backend.close()),
      ...this.#opened.map((opened) => () => opened.dispose?.()),
    ]
  }

  /** The loaded handle of a direct conversation. It has a lane, so that it stays the one handle. */
  async direct(a: string, b: string, backend = this.backend): Promise<ConversationHandle> {
    const handle = backend.direct(a as UserId, b as UserId)
    handle.lane = this
    await backend.load(handle, a as UserId)
    return handle
  }

  /** The loaded handle of a group, or of what may become one. It has a lane, so that it stays the one handle. */
  async known(id: string, viewer: string, backend = this.backend): Promise<ConversationHandle> {
    const handle = backend.conversation(id as ConversationId)
    handle.lane = this
    await backend.load(handle, viewer as UserId)
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

  /** Appends to a conversation of the backend, again where it has moved; does not settle. */
  append(handle: ConversationHandle, draft: MessageDraft, backend = this.backend): Promise<SendReceipt> {
    return this.#write(backend, handle, draft.sender, async () => {
      // Whoever sends into a group has asked whether the sender may.
      if (handle.kind === 'group') await backend.member(handle, draft.sender)
      return backend.append(handle, handle.head, draft)
    })
  }

  /** Commits to a conversation of the backend, again where it has moved; does not settle. */
  commit(handle: ConversationHandle, change: ConversationChange, backend = this.backend): Promise<Committed> {
    const viewer = viewerOf(change, handle)
    return this.#write(backend, handle, viewer, () => backend.commit(handle, handle.head, change))
  }

  /** Appends and settles. */
  async send(handle: ConversationHandle, draft: MessageDraft): Promise<SendReceipt> {
    const receipt = await this.append(handle, draft)
    await this.settle()
    return receipt
  }

  /** Sends all of them, one behind the other: without waiting in between where the backend takes them so. Settles at the end. */
  async sendAll(handle: ConversationHandle, drafts: readonly MessageDraft[]): Promise<void> {
    const sending: Promise<SendReceipt>[] = []
    for (const draft of drafts) {
      const one = this.append(handle, draft)
      if (this.backend.capabilities.moved === 'never') sending.push(one)
      else await one
    }
    await Promise.all(sending)
    await this.settle()
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
    const committed = await this.commit(handle, change)
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
    backend: Backend,
    handle: ConversationHandle,
    viewer: UserId,
    write: () => Promise<T | typeof MOVED>,
  ): Promise<T> {
    for (let moves = 0; moves < maxMoves; moves += 1) {
      // A writer ends with the backend: nobody asks one that has crashed.
      this.#assertRunning(backend)
      await backend.load(handle, viewer)
      this.#assertRunning(backend)
      const outcome = await write()
      if (outcome !== MOVED) return outcome
      if (backend.capabilities.moved === 'never')
        throw new Error('moved, although this backend never says so')
    }
    throw new Error('the conversation moves all the time')
  }

  #assertRunning(backend: Backend): void {
    if (!this.#running.has(backend)) throw new Error('the backend has crashed')
  }
}

function viewerOf(change: ConversationChange, handle: ConversationHandle): UserId {
  if (change.kind === 'create') return change.creator
  if (change.kind === 'block') return change.blocker
  return handle.group?.creator ?? ('nobody' as UserId)
}

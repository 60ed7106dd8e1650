import { ulid } from 'ulid'
import { andThen } from '../async/maybe-promise.js'
import type { LocalStats } from '../backend/local-stats.js'
import type {
  Backend,
  Capabilities,
  ChangePage,
  Committed,
  ConversationChange,
  Found,
  MaybePromise,
  RecentOptions,
  RecentPage,
  UnreadTotal,
  VerifyOptions,
  VerifyReport,
} from '../backend/port.js'
import { ColumbaError } from '../errors.js'
import type { MembershipRow } from '../formats/record-parts.js'
import { decodeToken, encodeToken, type TokenHome } from '../formats/token.js'
import type { Interval, Marks, Participation, Reached, Standing } from '../model/conversation.js'
import { isPresent, type Membership } from '../model/group.js'
import type { ConversationId, MessageId, Position, UserId } from '../model/ids.js'
import type { Message, MessageDraft, SendReceipt } from '../model/message.js'
import type { ContactEntry, User, UserEntry } from '../model/user.js'
import type { Clock } from '../platform/clock.js'
import type { Random } from '../platform/random.js'
import type { ChangeReader } from './change-reader.js'
import type { Contacts } from './contacts.js'
import type { ConversationChanges } from './conversation-changes.js'
import type { GroupMembers } from './group-members.js'
import type { Lists } from './lists.js'
import type { Loader } from './reads/loader.js'
import type { ConversationEntry, GroupPart } from './memory/entries.js'
import { endHold } from './memory/holds.js'
import type { MessageRange } from './memory/kept-answers.js'
import type { Memory } from './memory/memory.js'
import type { MessageReader } from './reads/message-reader.js'
import { toMembership } from './views/membership-view.js'
import type { Participations } from './participations.js'
import type { Profiles } from './profiles.js'
import type { RowReader } from './reads/row-reader.js'
import type { Repeats } from './repeats.js'
import { stoodAt } from './stood-at.js'
import { liveCount } from './reads/stored-message.js'
import type { UnreadTotals } from './unread-totals.js'
import type { UserMarks } from './user-marks.js'
import type { Watchers } from './writes/watchers.js'
import type { Writer } from './writes/writer.js'

/** The life of the backend as a whole, kept by `assemble`, which put the parts together. */
export interface LocalLife {
  readonly home: TokenHome
  stats(): Promise<LocalStats>
  checkpoint(): Promise<void>
  verify(options: VerifyOptions): Promise<VerifyReport>
  close(): Promise<void>
}

export interface LocalParts {
  readonly memory: Memory
  readonly rows: RowReader
  readonly loader: Loader
  readonly messages: MessageReader
  readonly repeats: Repeats
  readonly participations: Participations
  readonly lists: Lists
  readonly unread: UnreadTotals
  readonly changes: ChangeReader
  readonly conversationChanges: ConversationChanges
  readonly members: GroupMembers
  readonly marks: UserMarks
  readonly profiles: Profiles
  readonly contacts: Contacts
  readonly writer: Writer
  readonly watchers: Watchers
  readonly clock: Clock
  readonly random: Random
  readonly life: LocalLife
}

/** The port over commit log, memory and shards. Only the wiring of its parts; each promise is kept where it is named. */
export class LocalBackend implements Backend {
  readonly capabilities: Capabilities = { moved: 'never', visibility: 'at once', positions: 'global' }
  readonly #parts: LocalParts

  constructor(parts: LocalParts) {
    this.#parts = parts
  }

  // ---- conversations

  direct(a: UserId, b: UserId): ConversationEntry {
    return this.#parts.memory.direct(a, b)
  }

  conversation(id: ConversationId): ConversationEntry {
    return this.#parts.memory.conversation(id)
  }

  hold(entry: ConversationEntry): () => void {
    entry.holds++
    return () => {
      endHold(this.#parts.memory, entry, true)
    }
  }

  load(handle: ConversationEntry, viewer: UserId): MaybePromise<void> {
    return this.#parts.loader.load(handle, viewer)
  }

  find(entry: ConversationEntry, sender: UserId, id: MessageId): MaybePromise<Found | null> {
    return this.#parts.repeats.find(entry, sender, id)
  }

  member(entry: ConversationEntry, user: UserId): MaybePromise<Membership | null> {
    const part = entry.groupPart
    if (part === null) return null
    const membership = this.#parts.loader.membership(user, entry)
    if (
      membership instanceof Promise ||
      (membership !== null && isPresent(membership) && !part.ordinals.has(user))
    ) {
      return this.#readMember(entry, part, user, membership)
    }
    return membership === null ? null : toMembership(membership)
  }

  /** Reads the number of own messages so far, which a member who may send needs. */
  async #readMember(
    entry: ConversationEntry,
    part: GroupPart,
    user: UserId,
    found: MaybePromise<MembershipRow | null>,
  ): Promise<Membership | null> {
    const membership = await found
    if (membership === null) return null
    if (isPresent(membership) && !part.ordinals.has(user)) {
      const own = await this.#parts.loader.ownOrdinal(user, entry, entry.durableHead)
      // A call beside this one may have been faster, and a message may have been numbered since.
      if (!part.ordinals.has(user)) part.ordinals.set(user, own)
    }
    return toMembership(membership)
  }

  members(entry: ConversationEntry, after: number, limit: number): MaybePromise<readonly Membership[]> {
    return this.#parts.members.list(entry, after, limit)
  }

  append(entry: ConversationEntry, _expectedHead: number, draft: MessageDraft): Promise<SendReceipt> {
    return this.#parts.writer.append(entry, draft)
  }

  commit(entry: ConversationEntry, _expectedHead: number, change: ConversationChange): Promise<Committed> {
    return this.#parts.conversationChanges.commit(entry, change)
  }

  refusal(): ColumbaError | null {
    return this.#parts.writer.refusal
  }

  // ---- what a user sees

  participation(user: UserId, entry: ConversationEntry): MaybePromise<Participation | null> {
    return this.#parts.participations.look(user, entry)
  }

  intervals(user: UserId, entry: ConversationEntry): MaybePromise<readonly Interval[] | null> {
    return this.#parts.participations.intervals(user, entry)
  }

  membership(user: UserId, entry: ConversationEntry): MaybePromise<Membership | null> {
    return andThen(this.#parts.loader.shownMembership(user, entry), (row) =>
      row === null ? null : toMembership(row),
    )
  }

  recent(user: UserId, options: RecentOptions): MaybePromise<RecentPage> {
    return this.#parts.lists.recent(user, options)
  }

  stoodAt(user: UserId, entry: ConversationEntry, asOf: Position): MaybePromise<Position | null> {
    return stoodAt(this.#parts, user, entry, asOf)
  }

  unread(user: UserId): MaybePromise<UnreadTotal> {
    return this.#parts.unread.of(user)
  }

  messages(entry: ConversationEntry, range: MessageRange): MaybePromise<readonly Message[]> {
    return this.#parts.messages.read(entry, range)
  }

  ownCount(user: UserId, entry: ConversationEntry, seq: number): MaybePromise<number> {
    if (seq === 0) return 0
    if (entry.pair === null) return this.#parts.loader.ownOrdinal(user, entry, seq)
    const [first, second] = entry.pair
    if (first === second) return seq
    const ofUser = (n0: number): number => (user === first ? n0 : seq - n0)
    if (seq === entry.durableHead) return ofUser(entry.durableN0)
    const live = liveCount(entry, seq)
    if (live !== null) return ofUser(live)
    return andThen(this.#parts.messages.one(entry, seq), ({ count }) => ofUser(count))
  }

  standing(user: UserId, entry: ConversationEntry): MaybePromise<Standing | null> {
    return this.#parts.participations.standing(user, entry)
  }

  headAtCall(user: UserId, entry: ConversationEntry): MaybePromise<number> {
    return entry.known ? entry.durableHead : this.#parts.participations.headOnceRead(user, entry)
  }

  marks(user: UserId, entry: ConversationEntry): MaybePromise<Marks> {
    return this.#parts.marks.of(user, entry)
  }

  mark(user: UserId, entry: ConversationEntry, to: Reached, by: 'read' | 'delivered'): Promise<void> {
    return this.#parts.marks.raise(user, entry, to, by)
  }

  // ---- users and contacts

  user(id: UserId): MaybePromise<UserEntry | null> {
    return this.#parts.profiles.of(id)
  }

  putUser(user: User): Promise<void> {
    return this.#parts.profiles.put(user)
  }

  contact(user: UserId, other: UserId): MaybePromise<ContactEntry | null> {
    return this.#parts.contacts.of(user, other)
  }

  contacts(user: UserId, after: UserId | undefined, limit: number): MaybePromise<readonly ContactEntry[]> {
    return this.#parts.contacts.list(user, after, limit)
  }

  putContact(
    user: UserId,
    other: UserId,
    entry: { readonly listed: boolean; readonly alias: string | undefined },
  ): Promise<void> {
    return this.#parts.contacts.put(user, other, entry)
  }

  // ---- feed

  latest(): Position {
    return this.#parts.memory.generations.shownThrough
  }

  changes(user: UserId, after: Position, limit: number): MaybePromise<ChangePage> {
    return this.#parts.changes.read(user, after, limit)
  }

  token(position: Position): string {
    return encodeToken(this.#parts.life.home, position)
  }

  positionOf(token: string, field = 'since'): Position {
    const position = decodeToken(this.#parts.life.home, token, field)
    if (position > this.#parts.memory.generations.shownThrough) {
      throw new ColumbaError('RESYNC_REQUIRED', 'the token is ahead of this store; load everything anew')
    }
    return position as Position
  }

  watch(user: UserId, listener: () => void): () => void {
    return this.#parts.watchers.watch(user, listener, this.#parts.memory.generations.shownThrough)
  }

  // ---- the whole store

  newMessageId(): MessageId {
    const { clock, random } = this.#parts
    // One request for all of its 16 characters: asking the system is the dearest part.
    const bytes = random.bytes(16)
    let next = 0
    return ulid(clock.now(), () => (bytes[next++] as number) / 256) as MessageId
  }

  stats(): Promise<LocalStats> {
    return this.#parts.life.stats()
  }

  checkpoint(): Promise<void> {
    return this.#parts.life.checkpoint()
  }

  verify(options: VerifyOptions = {}): Promise<VerifyReport> {
    return this.#parts.life.verify(options)
  }

  close(): Promise<void> {
    return this.#parts.life.close()
  }
}

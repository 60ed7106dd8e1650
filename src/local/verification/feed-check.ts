import type { StoredChange } from '../../formats/change-list.js'
import type { MarksRow } from '../../formats/record-parts.js'
import { pairKey } from '../../model/pair-key.js'
import { firstIndexWhere } from '../first-index-where.js'
import { nameOf, type PartitionPlace } from './partition.js'
import type { CheckContext, RunSummary } from './run-walk.js'

/** Where the feed has the last marks of a user in a conversation; 0: nowhere. */
interface Marked {
  readonly conversation: string
  readonly user: string
  read: number
  delivered: number
}

/** What a partition holds, asked once all of it has been read. */
export interface FeedTargets {
  hasConversation(id: string): boolean
  hasMember(user: string): boolean
  /** With where each contact last changed; null if that cannot be read. */
  readonly contacts: ReadonlyMap<string, Changed>
  /** The same of the profile; undefined if there is none. */
  readonly profile: number | null | undefined
  /** The same of a group's members, and of the group itself; null if that cannot be read, or is no group. */
  readonly members: ReadonlyMap<string, Changed>
  readonly group: number | null
}

interface Changed {
  readonly position: number | null
}

/**
 * The feed of one partition: positions ascend and lie in their generation, each message stands in it exactly once (the
 * messages of a run are the changes of its generations, one behind the other), pointers point to something, no thing changes
 * twice at once, and what a thing changed last is what the feed has last of it.
 */
export class FeedCheck {
  readonly #context: CheckContext
  readonly #place: PartitionPlace
  readonly #runs: ReadonlyMap<string, readonly RunSummary[]>
  /** What is wrong with such a conversation is known already. */
  readonly #isSuspect: (conversation: string) => boolean
  /** The last seq of a run that the feed has had so far. */
  readonly #seen = new Map<RunSummary, number>()
  readonly #conversations = new Set<string>()
  /** The last change of each, of the profile and of the group (0: none). */
  readonly #members = new Map<string, number>()
  readonly #contacts = new Map<string, number>()
  #profile = 0
  #group = 0
  readonly #marked = new Map<string, Marked>()
  #lastCut = 0
  /** A row of the feed was damaged: what is missing is known already. */
  incomplete = false

  constructor(
    context: CheckContext,
    place: PartitionPlace,
    runs: ReadonlyMap<string, readonly RunSummary[]>,
    isSuspect: (conversation: string) => boolean,
  ) {
    this.#isSuspect = isSuspect
    this.#context = context
    this.#place = place
    this.#runs = runs
  }

  row(cut: number, changes: readonly StoredChange[]): void {
    const { bodies, source } = this.#context
    let last = Math.max(this.#lastCut, bodies.cutBefore(cut)) + 1
    let inOrder = changes.length > 0 && cut <= source.position
    const messages = new Map<string, { first: number; next: number; from: number; to: number }>()
    for (const change of changes) {
      if (change.position < last || change.position > cut) inOrder = false
      last = change.position
      if (change.kind === 'message') {
        const { conversation, seq, position } = change
        const known = messages.get(conversation)
        if (known === undefined)
          messages.set(conversation, { first: seq, next: seq + 1, from: position, to: position })
        else {
          if (known.next !== seq) inOrder = false
          known.next = seq + 1
          known.to = position
        }
      } else this.#note(change)
    }
    this.#lastCut = cut
    if (!inOrder) this.#report(`the changes up to ${cut}`)
    for (const [conversation, range] of messages) {
      const run = runWith(this.#runs.get(conversation) ?? [], range.first)
      const newest = range.next - 1
      const fits =
        run !== undefined &&
        range.first === (this.#seen.get(run) ?? run.firstSeq - 1) + 1 &&
        newest <= run.lastSeq &&
        (range.first === run.firstSeq ? range.from === run.firstPosition : range.from > run.firstPosition) &&
        (newest === run.lastSeq ? range.to === run.lastPosition : range.to < run.lastPosition)
      if (run !== undefined) this.#seen.set(run, newest)
      if (!fits && !this.#isSuspect(conversation))
        this.#report(`the changes up to ${cut}, conversation ${JSON.stringify(conversation)}`)
    }
  }

  /** Whose marks it tells of, in which conversation. */
  get marked(): Iterable<{ readonly conversation: string; readonly user: string }> {
    return this.#marked.values()
  }

  /**
   * Holds a row of marks (undefined: there is none) against the last changes that the feed has of them: who follows it is told
   * of a mark only by the change at the very position that the row says. Returns what is wrong, or null.
   */
  misfitOf(conversation: string, user: string, marks: MarksRow | undefined): 'marks' | 'feed' | null {
    const { read, delivered } = this.#marked.get(pairKey(conversation, user)) ?? { read: 0, delivered: 0 }
    const { readAt, deliveredAt } = marks ?? { readAt: 0, deliveredAt: 0 }
    if (readAt < read || deliveredAt < delivered) return 'marks'
    if (this.incomplete || (readAt === read && deliveredAt === delivered)) return null
    return 'feed'
  }

  end(targets: FeedTargets): void {
    for (const id of this.#conversations)
      if (!this.#isSuspect(id) && !targets.hasConversation(id))
        this.#report(`conversation ${JSON.stringify(id)}`)
    for (const id of this.#members.keys())
      if (!targets.hasMember(id)) this.#report(`member ${JSON.stringify(id)}`)
    for (const id of this.#contacts.keys())
      if (!targets.contacts.has(id)) this.#report(`contact ${JSON.stringify(id)}`)
    if (this.#profile > 0 && targets.profile === undefined) this.#report('profile')
    if (this.incomplete) return
    this.#hold('contact', targets.contacts, this.#contacts)
    this.#hold('member', targets.members, this.#members)
    const { profile = null, group } = targets
    if (profile !== null && profile !== this.#profile) this.#report(`profile at ${profile}`)
    if (group !== null && group !== this.#group) this.#report(`group at ${group}`)
    for (const [conversation, runs] of this.#runs) {
      if (this.#isSuspect(conversation)) continue
      const unseen = runs.find((run) => this.#seen.get(run) !== run.lastSeq)
      if (unseen !== undefined)
        this.#report(`conversation ${JSON.stringify(conversation)}, messages from ${unseen.firstSeq}`)
    }
  }

  /** What changed last is what the feed has last. */
  #hold(what: string, rows: ReadonlyMap<string, Changed>, last: ReadonlyMap<string, number>): void {
    for (const [id, { position }] of rows)
      if (position !== null && position !== last.get(id))
        this.#report(`${what} ${JSON.stringify(id)} at ${position}`)
  }

  #note(change: Exclude<StoredChange, { kind: 'message' }>): void {
    switch (change.kind) {
      case 'profile':
        this.#once(change, this.#profile)
        this.#profile = change.position
        break
      case 'contact':
        this.#once(change, this.#contacts.get(change.user))
        this.#contacts.set(change.user, change.position)
        break
      case 'member':
        this.#once(change, this.#members.get(change.user))
        this.#members.set(change.user, change.position)
        this.#conversations.add(change.conversation)
        break
      case 'read':
      case 'delivered': {
        const { conversation, user, kind, position } = change
        const key = pairKey(conversation, user)
        const marked = this.#marked.get(key) ?? { conversation, user, read: 0, delivered: 0 }
        this.#once(change, marked[kind])
        marked[kind] = position
        this.#marked.set(key, marked)
        this.#conversations.add(conversation)
        break
      }
      default:
        this.#group = change.position
        this.#conversations.add(change.conversation)
    }
  }

  /** `last`: where the same thing has changed before. */
  #once({ kind, position }: Exclude<StoredChange, { kind: 'message' }>, last: number | undefined): void {
    if (position === last) this.#report(`${kind} twice at ${position}`)
  }

  #report(what: string): void {
    this.#context.findings.add('feed', nameOf(this.#place, what))
  }
}

/** The run that has a message. */
function runWith(runs: readonly RunSummary[], seq: number): RunSummary | undefined {
  const run = runs[firstIndexWhere(runs.length, (index) => (runs[index] as RunSummary).lastSeq >= seq)]
  return run !== undefined && run.firstSeq <= seq ? run : undefined
}

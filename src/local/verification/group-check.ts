import type { BlockEntry, BlockHead } from '../../formats/block.js'
import { decodeChanges } from '../../formats/change-list.js'
import { keys, numberedRange, readIdKey, readNumberedKey, readNumberKey } from '../../formats/keys.js'
import type { Family } from '../../formats/keys.js'
import type { GroupRow, MembershipRow } from '../../formats/record-parts.js'
import { rows, type GroupHeadRow } from '../../formats/rows.js'
import { isPresent } from '../../model/group.js'
import { FeedCheck } from './feed-check.js'
import type { FindingKind } from './findings.js'
import { nameOf, userPlace, type PartitionPlace } from './partition.js'
import { RunWalk, type CheckContext, type MessageVisitor, type RunSummary } from './run-walk.js'
import { damaged, readable, readMarks } from './store-source.js'

/** How many messages somebody wrote, and a digest of their seqs. */
class OwnDigest {
  count = 0
  digest = 0x811c9dc5

  add(seq: number): void {
    this.count++
    this.digest = Math.imul(this.digest ^ (seq >>> 0), 0x01000193)
    this.digest = Math.imul(this.digest ^ Math.floor(seq / 2 ** 32), 0x01000193)
  }
}

/** Counts again who wrote what in a group. Memory grows with authors, not with messages. */
class GroupRecount implements MessageVisitor {
  readonly own = new Map<string, OwnDigest>()
  last: BlockEntry | null = null

  block(head: BlockHead): boolean {
    return head.n0Before === 0
  }

  sender(head: BlockHead, author: number): string | undefined {
    return head.senders[author]
  }

  message(entry: BlockEntry, _bytes: Buffer, sender: string): void {
    let own = this.own.get(sender)
    if (own === undefined) this.own.set(sender, (own = new OwnDigest()))
    own.add(entry.seq)
    this.last = entry
  }
}

interface Member {
  /** Of its last change. */
  readonly position: number
  readonly membership: MembershipRow
  readonly payload: Buffer
}

/** All rows of one group, in the order of their keys, and what its members' partitions say of it. */
export class GroupCheck {
  readonly #context: CheckContext
  readonly #place: PartitionPlace
  readonly #recount = new GroupRecount()
  readonly #walk: RunWalk
  readonly #runs = new Map<string, readonly RunSummary[]>()
  readonly #feed: FeedCheck
  readonly #members = new Map<string, Member>()
  #head: GroupHeadRow | null = null
  #state: GroupRow | null = null
  #rollCount = 0
  /** A row of the family was damaged: what follows from it is not reported as well. */
  readonly #lost = new Set<Family>()

  constructor(context: CheckContext, place: PartitionPlace) {
    this.#context = context
    this.#place = place
    this.#walk = new RunWalk(context, place, place.id, this.#recount, () => this.#lost.has('runs'))
    this.#feed = new FeedCheck(context, place, this.#runs, () => this.#lost.has('runs'))
  }

  async row(family: Family, key: Buffer, payload: Buffer): Promise<void> {
    const { prefix, id } = this.#place
    switch (family) {
      case 'head':
        this.#head = rows.groupHead.decode(payload)
        break
      case 'runs': {
        const { number, id: conversation } = readNumberedKey(key, prefix.length)
        if (conversation !== id) this.#report('runs', 'of another conversation')
        else await this.#walk.add(rows.run.decode(payload), number)
        break
      }
      case 'changes':
        this.#runs.set(id, this.#walk.runs)
        this.#feed.row(readNumberKey(key), decodeChanges(payload, null))
        break
      case 'group':
        this.#state = rows.group.decode(payload)
        break
      case 'member':
        this.#member(readIdKey(key, prefix.length), payload)
        break
      case 'roll':
        this.#roll(readNumberKey(key), rows.roll.decode(payload))
        break
      default:
        this.#context.findings.add('unknownRow', nameOf(this.#place, family))
    }
  }

  #member(user: string, payload: Buffer): void {
    const membership = rows.membership.decode(payload)
    this.#members.set(user, { position: membership.position, membership, payload })
  }

  damaged(family: Family): void {
    this.#lost.add(family)
    if (family === 'changes') this.#feed.incomplete = true
  }

  async end(): Promise<void> {
    const { id } = this.#place
    this.#runs.set(id, this.#walk.runs)
    this.#checkHead()
    this.#checkState()
    if (!this.#lost.has('member')) {
      const whole = this.#walk.whole && !this.#lost.has('runs')
      for (const [user, member] of this.#members) await this.#checkMember(user, member, whole)
      if (whole)
        for (const user of this.#recount.own.keys())
          if (!this.#members.has(user))
            this.#report('group', `${JSON.stringify(user)} wrote and never was a member`)
    }
    const marked = [...this.#feed.marked].map(({ user }) => user)
    for (const user of new Set([...this.#members.keys(), ...marked])) await this.#checkMarks(user)
    this.#feed.end({
      hasConversation: (conversation) => conversation === id,
      hasMember: (user) => this.#lost.has('member') || this.#members.has(user),
      contacts: new Map(),
      profile: undefined,
      members: this.#members,
      group: this.#state?.position ?? null,
    })
  }

  /** The feed of marks is the group's, their rows are their users'. */
  async #checkMarks(user: string): Promise<void> {
    const { id } = this.#place
    const marks = await readMarks(this.#context.source, user, id)
    const misfit = marks === damaged ? null : this.#feed.misfitOf(id, user, marks)
    if (misfit === 'marks') this.#report('marks', `of ${JSON.stringify(user)}, older than the feed says`)
    if (misfit === 'feed') this.#report('feed', `the last marks of ${JSON.stringify(user)}`)
  }

  #checkHead(): void {
    if (this.#lost.has('head') || this.#lost.has('runs')) return
    const { head, position, timestamp } = this.#head ?? { head: 0, position: 0, timestamp: 0 }
    if (head !== this.#walk.head) {
      this.#report(this.#head === null ? 'head' : 'runs', `runs to ${this.#walk.head}, head ${head}`)
      return
    }
    const { last } = this.#recount
    if (!this.#walk.whole || last === null) return
    if (position !== last.position || timestamp !== last.timestamp) this.#report('head')
  }

  #checkState(): void {
    if (this.#lost.has('group')) return
    const state = this.#state
    if (state === null) {
      this.#report('group', 'it has no row of its own')
      return
    }
    if (this.#lost.has('member')) return
    let present = 0
    let lastOrdinal = 0
    let longest: MembershipRow | null = null
    for (const [user, { membership }] of this.#members) {
      const { ordinal, joinedAt } = membership
      if (membership.user !== user) this.#report('group', `membership of ${JSON.stringify(user)}`)
      if (isPresent(membership)) {
        present++
        if (longest === null || ordinal < longest.ordinal) longest = membership
      }
      lastOrdinal = Math.max(lastOrdinal, ordinal)
      if (ordinal === 1 && (state.creator !== user || state.createdAt !== joinedAt))
        this.#report('group', `${JSON.stringify(user)} made it`)
    }
    // Nobody owns a group but who has been in it longest.
    const owned = state.owner === (longest?.user ?? null)
    if (state.memberCount !== present || state.lastOrdinal < lastOrdinal || !owned) this.#report('group')
    if (!this.#lost.has('roll') && this.#rollCount !== present)
      this.#report('roll', `${this.#rollCount} of ${present} members`)
  }

  /** Members come before the roll. */
  #roll(ordinal: number, user: string): void {
    this.#rollCount++
    if (this.#lost.has('member')) return
    const member = this.#members.get(user)?.membership
    if (member === undefined || member.ordinal !== ordinal || !isPresent(member))
      this.#report('roll', `ordinal ${ordinal}`)
  }

  async #checkMember(user: string, { membership, payload }: Member, whole: boolean): Promise<void> {
    const { source } = this.#context
    const { id } = this.#place
    const theirs = userPlace(user, source.shardOf(user))
    const stored = await source.get(theirs.shard, keys.membership(theirs.prefix, id))
    if (stored !== damaged && (stored === undefined || !stored.equals(payload)))
      this.#report('membership', `member ${JSON.stringify(user)}`)
    let before = 0
    if (membership.intervals.length === 0) this.#report('group', `no intervals of ${JSON.stringify(user)}`)
    for (const { from, to } of membership.intervals) {
      if (from <= before || (to !== null && (to < from - 1 || to > this.#walk.head)))
        this.#report('group', `intervals of ${JSON.stringify(user)}`)
      before = to ?? Infinity
    }
    if (whole) await this.#ownOf(user, theirs)
  }

  async #ownOf(user: string, theirs: PartitionPlace): Promise<void> {
    const digest = new OwnDigest()
    const range = numberedRange(theirs.prefix, 'own', this.#place.id, 0)
    for await (const [, payload] of this.#context.source.range(theirs.shard, range)) {
      const own = readable(payload, rows.own.decode)
      if (own === damaged) return
      for (const seq of own.seqs) digest.add(seq)
    }
    const written = this.#recount.own.get(user) ?? new OwnDigest()
    if (digest.count !== written.count || digest.digest !== written.digest)
      this.#report('own', `member ${JSON.stringify(user)}`)
  }

  #report(kind: FindingKind, ...more: readonly string[]): void {
    this.#context.findings.add(kind, nameOf(this.#place, ...more))
  }
}

import { decodeChanges } from '../../formats/change-list.js'
import { checksum } from '../../formats/checksum.js'
import {
  groupPrefix,
  keys,
  readIdKey,
  readListKey,
  readNumberedKey,
  readNumberKey,
} from '../../formats/keys.js'
import type { Family } from '../../formats/keys.js'
import type { ContactRow, DirectHead, MarksRow, MembershipRow } from '../../formats/record-parts.js'
import { rows, type DirectHeadRow, type OwnRow } from '../../formats/rows.js'
import { directConversationId } from '../../model/direct-conversation-id.js'
import { CopyCheck, type PlacedRow } from './copy-check.js'
import { DirectCheck, readFirstSide, seekSecondSide } from './direct-check.js'
import { FeedCheck } from './feed-check.js'
import type { FindingKind } from './findings.js'
import { nameOf, type PartitionPlace } from './partition.js'
import type { CheckContext, RunSummary } from './run-walk.js'
import { damaged, readMarks, readRow } from './store-source.js'

/** Own messages in a group as the rows say: all, up to the read mark, and before the last joining. */
interface OwnCount {
  total: number
  lastSeq: number
  atRead: number
  atJoin: number
}

/** All rows of one user, in the order of their keys: families come as they are numbered. */
export class UserCheck {
  readonly #context: CheckContext
  readonly #place: PartitionPlace
  /** Of direct conversations; behind the runs of the partition also those that lie with the first participants. */
  readonly #heads = new Map<string, DirectHeadRow>()
  readonly #places = new Map<string, (PlacedRow & { readonly empty: boolean })[]>()
  readonly #runs = new Map<string, readonly RunSummary[]>()
  readonly #marks = new Map<string, MarksRow>()
  /** With where each last changed; null of one that is damaged. */
  readonly #contacts = new Map<string, ContactRow & { readonly position: number | null }>()
  readonly #memberships = new Map<string, MembershipRow>()
  readonly #own = new Map<string, OwnCount>()
  /** Of these something is damaged already: whatever else is wrong follows from it. */
  readonly #suspects = new Set<string>()
  readonly #feed: FeedCheck
  readonly #copy: CopyCheck
  /** Where it last changed: null if it is damaged, undefined if there is none. */
  #profile: number | null | undefined
  #runsEnded = false
  #direct: { conversation: string; check: DirectCheck | null } | null = null

  constructor(context: CheckContext, place: PartitionPlace) {
    this.#context = context
    this.#place = place
    this.#copy = new CopyCheck(place.id)
    this.#feed = new FeedCheck(context, place, this.#runs, (conversation) => this.#suspects.has(conversation))
  }

  async row(family: Family, key: Buffer, payload: Buffer): Promise<void> {
    const { length } = this.#place.prefix
    switch (family) {
      case 'head':
        this.#heads.set(readIdKey(key, length), rows.directHead.decode(payload))
        break
      case 'list':
        this.#listRow(key, payload)
        break
      case 'runs':
        await this.#run(key, payload)
        break
      case 'marks':
        await this.#endRuns()
        this.#marks.set(readIdKey(key, length), rows.marks.decode(payload))
        break
      case 'changes':
        await this.#endRuns()
        this.#feed.row(readNumberKey(key), decodeChanges(payload, this.#place.id))
        break
      case 'profile':
        this.#profile = rows.profile.decode(payload).position
        break
      case 'contact':
        this.#contacts.set(readIdKey(key, length), rows.contact.decode(payload))
        break
      case 'membership':
        this.#memberships.set(readIdKey(key, length), rows.membership.decode(payload))
        break
      case 'own': {
        const { id, number } = readNumberedKey(key, length)
        this.#ownRow(id, number, rows.own.decode(payload))
        break
      }
      case 'copy':
        if (this.#copy.row(key, length, payload)) break
        this.#context.findings.add('unknownRow', nameOf(this.#place, family))
        break
      default:
        this.#context.findings.add('unknownRow', nameOf(this.#place, family))
    }
  }

  /** A row that cannot be read. What the key says of it is all there is. */
  damaged(family: Family, key: Buffer): void {
    const { length } = this.#place.prefix
    if (family === 'changes') this.#feed.incomplete = true
    else if (family === 'profile') this.#profile = null
    else if (family === 'copy') this.#copy.damaged = true
    else if (family === 'list') this.#suspects.add(readListKey(key, length).conversation)
    else if (family === 'runs' || family === 'own') this.#suspects.add(readNumberedKey(key, length).id)
    else if (family === 'contact') {
      const other = readIdKey(key, length)
      this.#suspects.add(directConversationId(this.#place.id, other))
      this.#contacts.set(other, { listed: false, alias: undefined, blocked: false, position: null })
    } else this.#suspects.add(readIdKey(key, length))
  }

  async end(): Promise<void> {
    await this.#endRuns()
    for (const [conversation, { peer, head }] of this.#heads)
      if (head !== null) this.#head(conversation, peer, head)
    this.#contactRows()
    for (const [group, membership] of this.#memberships) await this.#membership(group, membership)
    for (const [group] of this.#own)
      if (!this.#memberships.has(group)) this.#report('own', group, 'of a group without a membership')
    for (const [conversation, marks] of this.#marks) {
      const { read, delivered, ownAtRead, readAt, deliveredAt } = marks
      const sane = ownAtRead <= read && read <= delivered
      const known = this.#heads.has(conversation) || this.#memberships.has(conversation)
      const past = Math.max(readAt, deliveredAt) <= this.#context.source.position
      if (!sane || !known || !past) this.#report('marks', conversation)
    }
    for (const [conversation, { peer }] of this.#heads) await this.#markChanges(conversation, peer)
    for (const conversation of this.#places.keys())
      if (!this.#heads.has(conversation) && !this.#memberships.has(conversation))
        this.#report('list', conversation, 'listed and nothing else')
    const list = { places: this.#places, marks: this.#marks, position: this.#context.source.position }
    for (const what of this.#copy.misfits(list)) this.#report('copy', what)
    this.#feed.end({
      hasConversation: (id) => this.#heads.has(id) || this.#memberships.has(id),
      hasMember: () => false,
      contacts: this.#contacts,
      profile: this.#profile,
      members: new Map(),
      group: null,
    })
  }

  /** The feed has the marks of both participants; the other's row lies in the other's partition. */
  async #markChanges(conversation: string, peer: string): Promise<void> {
    const own = this.#place.id
    this.#misfit(conversation, own, this.#marks.get(conversation))
    if (peer === own) return
    const marks = await readMarks(this.#context.source, peer, conversation)
    if (marks !== damaged) this.#misfit(conversation, peer, marks)
  }

  #misfit(conversation: string, user: string, marks: MarksRow | undefined): void {
    const misfit = this.#feed.misfitOf(conversation, user, marks)
    const of = `of ${JSON.stringify(user)}`
    if (misfit === 'marks') this.#report('marks', conversation, `${of}, older than the feed says`)
    if (misfit === 'feed') this.#report('feed', conversation, `the last marks ${of}`)
  }

  #listRow(key: Buffer, payload: Buffer): void {
    const { large, position, conversation } = readListKey(key, this.#place.prefix.length)
    const places = this.#places.get(conversation) ?? []
    places.push({ large, position, empty: payload.length === 0, sum: checksum(payload) })
    this.#places.set(conversation, places)
    if (payload.length > 0) rows.directList.decode(payload)
  }

  async #run(key: Buffer, payload: Buffer): Promise<void> {
    const { id, number } = readNumberedKey(key, this.#place.prefix.length)
    if (this.#direct?.conversation !== id) {
      await this.#endDirect()
      this.#direct = { conversation: id, check: await this.#begin(id) }
    }
    await this.#direct.check?.run(rows.run.decode(payload), number)
  }

  async #begin(conversation: string): Promise<DirectCheck | null> {
    const { peer, head } = this.#heads.get(conversation) ?? { peer: '', head: null }
    if (head !== null) {
      const isSuspect = (): boolean => this.#suspects.has(conversation)
      return DirectCheck.begin(this.#context, this.#place, conversation, peer, head, isSuspect)
    }
    this.#report('head', conversation, 'runs without a head')
    this.#suspects.add(conversation)
    return null
  }

  async #endDirect(): Promise<void> {
    if (this.#direct === null) return
    const { conversation, check } = this.#direct
    this.#direct = null
    if (check === null) return
    this.#runs.set(conversation, check.walk.runs)
    if (!this.#suspects.has(conversation)) await check.end()
  }

  /** Behind the runs of the partition: those of its other direct conversations lie with the first participants. */
  async #endRuns(): Promise<void> {
    if (this.#runsEnded) return
    this.#runsEnded = true
    await this.#endDirect()
    for (const [conversation, { peer, head }] of this.#heads) {
      if (head !== null) {
        await seekSecondSide(this.#context, this.#place, conversation, peer)
        continue
      }
      const side = await readFirstSide(this.#context, this.#place, conversation, peer)
      if (side === null) this.#suspects.add(conversation)
      else {
        this.#heads.set(conversation, { peer, head: side.head })
        this.#runs.set(conversation, side.runs)
      }
    }
  }

  #head(conversation: string, peer: string, head: DirectHead): void {
    const own = this.#place.id
    if (directConversationId(own, peer) !== conversation || head.position > this.#context.source.position)
      this.#report('head', conversation)
    if (head.head > 0 && !this.#runs.has(conversation)) this.#report('runs', conversation, 'none')
    this.#placed(conversation, head.head > 0 ? head.position : 0, false, false)
    const marks = this.#marks.get(conversation)
    if (marks !== undefined && marks.delivered > head.head)
      this.#report('marks', conversation, 'above the head')
    const blocks = own <= peer ? head.secondBlocked : head.firstBlocked
    if (peer !== own && blocks !== (this.#contacts.get(peer)?.blocked ?? false))
      this.#report('contact', conversation, `contact ${JSON.stringify(peer)}`)
  }

  #contactRows(): void {
    for (const [other, { blocked }] of this.#contacts) {
      const conversation = directConversationId(this.#place.id, other)
      if (blocked && !this.#heads.has(conversation))
        this.#report('contact', conversation, `contact ${JSON.stringify(other)}, blocked without a head`)
    }
  }

  /** A list has a conversation exactly once: at a position, or (0) nowhere; or among the large groups. */
  #placed(conversation: string, position: number, large: boolean, empty: boolean): void {
    const places = this.#places.get(conversation) ?? []
    const [first] = places
    const fits =
      position === 0 && !large
        ? first === undefined
        : places.length === 1 &&
          first?.large === large &&
          first.position === (large ? 0 : position) &&
          first.empty === empty
    if (!fits) this.#report('list', conversation)
  }

  async #membership(group: string, membership: MembershipRow): Promise<void> {
    const { source } = this.#context
    const shard = source.shardOf(group)
    const prefix = groupPrefix(group)
    const [state, groupHead, member] = await Promise.all([
      readRow(source, { shard, key: keys.group(prefix) }, rows.group.decode),
      readRow(source, { shard, key: keys.head(prefix, group) }, rows.groupHead.decode),
      source.get(shard, keys.member(prefix, this.#place.id)),
    ])
    if (state === damaged || groupHead === damaged) return
    if (state === undefined || member === undefined || membership.user !== this.#place.id) {
      this.#report('membership', group, 'the group does not know of it')
      return
    }
    const { large } = state
    const head = groupHead ?? { head: 0, position: 0, timestamp: 0 }
    const last = membership.intervals.at(-1)
    if (last?.to !== null) this.#placed(group, membership.place, false, true)
    else if (large) this.#placed(group, 0, true, true)
    else this.#placed(group, Math.max(head.position, membership.joined), false, true)
    const marks = this.#marks.get(group)
    if (marks !== undefined && marks.delivered > head.head) this.#report('marks', group, 'above the head')
    const own = this.#own.get(group)
    if (marks !== undefined && marks.ownAtRead !== (own?.atRead ?? 0)) this.#report('marks', group)
    if (membership.ownAtJoin !== (own?.atJoin ?? 0)) this.#report('membership', group, 'own before joining')
  }

  /** Holds rows of own messages against one another; against the group's messages they are held with the group. */
  #ownRow(group: string, keySeq: number, { before, seqs }: OwnRow): void {
    const own = this.#own.get(group) ?? { total: 0, lastSeq: 0, atRead: 0, atJoin: 0 }
    this.#own.set(group, own)
    const read = this.#marks.get(group)?.read ?? 0
    const from = this.#memberships.get(group)?.intervals.at(-1)?.from ?? 0
    let fits = before === own.total && seqs[0] === keySeq
    for (const seq of seqs) {
      if (seq <= own.lastSeq) fits = false
      own.lastSeq = seq
      if (seq <= read) own.atRead++
      if (seq < from) own.atJoin++
    }
    own.total += seqs.length
    if (!fits) {
      this.#report('own', group, `row of ${keySeq}`)
      this.#suspects.add(group)
    }
  }

  #report(kind: FindingKind, conversation: string, more = ''): void {
    if (this.#suspects.has(conversation)) return
    const what = `conversation ${JSON.stringify(conversation)}`
    this.#context.findings.add(kind, nameOf(this.#place, ...(more === '' ? [what] : [what, more])))
  }
}

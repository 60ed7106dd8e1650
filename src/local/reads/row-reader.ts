import { andThen } from '../../async/maybe-promise.js'
import type { MaybePromise } from '../../backend/port.js'
import {
  familyRange,
  groupPrefix,
  keys,
  numberedRange,
  partitionRange,
  scratchKeys,
  readIdKey,
  readNumberKey,
  userPrefix,
} from '../../formats/keys.js'
import { changesIn, type StoredChange } from '../../formats/change-list.js'
import { ColumbaError } from '../../errors.js'
import { isPresent } from '../../model/group.js'
import type { DirectHead, GroupRow, MarksRow, MembershipRow } from '../../formats/record-parts.js'
import {
  rows,
  type DirectHeadRow,
  type GroupHeadRow,
  type OwnRow,
  type RunPlace,
  type RunRow,
} from '../../formats/rows.js'
import type { Shard } from '../shards/shard.js'
import { ListRows, type UserRows } from './list-rows.js'

/** The peer of a direct conversation for the asker, and where the conversation stands. */
export interface KnownHead {
  readonly peer: string
  readonly head: DirectHead
}

/** Reads of the stored rows, typed: the only place that knows which row lies where. What live generations know is not in it. */
export class RowReader {
  readonly lists: ListRows
  readonly #shardOf: (id: string) => Shard
  /** The user that was read last: many reads in a row are of one. */
  #last: (UserRows & { readonly user: string }) | null = null
  #reads = 0

  constructor(shardOf: (id: string) => Shard) {
    this.lists = new ListRows((user) => this.#user(user))
    this.#shardOf = shardOf
  }

  /** Rows and ranges that were read so far. */
  get reads(): number {
    return this.#reads + this.lists.reads
  }

  // ---- rows of a user

  /** `user`: either of the two. */
  directHead(user: string, conversation: string): MaybePromise<KnownHead | undefined> {
    return andThen(this.#directHead(user, conversation), (own) => {
      if (own === undefined) return undefined
      const { peer, head } = own
      if (head !== null) return { peer, head }
      return andThen(this.#directHead(peer, conversation), (first) => {
        if (first?.head === undefined || first.head === null) throw lostRow(conversation)
        return { peer, head: first.head }
      })
    })
  }

  /** For a conversation without a head: rejects with CORRUPT if it has messages. */
  async seekRun(user: string, conversation: string): Promise<undefined> {
    const [run] = await this.runs({ kind: 'user', id: user }, conversation, 1, 1)
    if (run !== undefined) throw lostRow(conversation)
  }

  #directHead(user: string, conversation: string): MaybePromise<DirectHeadRow | undefined> {
    const { prefix, shard } = this.#user(user)
    return this.#get(shard, scratchKeys.head(prefix, conversation), rows.directHead.decode)
  }

  marks(user: string, conversation: string): MaybePromise<MarksRow | undefined> {
    const { prefix, shard } = this.#user(user)
    return this.#get(shard, scratchKeys.marks(prefix, conversation), rows.marks.decode)
  }

  /** What a reader that begins to read rows of this owner at once has to wait for. */
  turn(owner: RunOwner): Promise<void> | null {
    const { shard } = owner.kind === 'user' ? this.#user(owner.id) : this.#group(owner.id)
    return shard.turn
  }

  /** At once if that is faster. */
  manyMarks(user: string, conversations: readonly string[]): MaybePromise<(MarksRow | undefined)[]> {
    const { prefix, shard } = this.#user(user)
    const { turn } = shard
    if (turn !== null) return turn.then(() => this.manyMarks(user, conversations))
    const found: (MarksRow | undefined)[] = []
    for (const conversation of conversations) {
      this.#reads++
      const value = shard.readNow(scratchKeys.marks(prefix, conversation), () => null)
      if (value === null) return this.#manyMarksLater(prefix, shard, conversations)
      found.push(value === undefined ? undefined : rows.marks.decode(value))
    }
    return found
  }

  /** Many users have read hardly more conversations than these: then all their marks are to be had with one range. */
  async #manyMarksLater(
    prefix: Buffer,
    shard: Shard,
    conversations: readonly string[],
  ): Promise<(MarksRow | undefined)[]> {
    this.#reads++
    const most = 2 * conversations.length
    // Damage to a row that was not asked for is nothing to this.
    const some = await shard.rows(familyRange(prefix, 'marks'), most).catch(() => null)
    if (some !== null && some.length < most) {
      const all = new Map(some.map(([key, value]) => [readIdKey(key, prefix.length), value]))
      return conversations.map((conversation) => {
        const value = all.get(conversation)
        return value === undefined ? undefined : rows.marks.decode(value)
      })
    }
    const found = await shard.getMany(conversations.map((conversation) => keys.marks(prefix, conversation)))
    return found.map((value) => (value === undefined ? undefined : rows.marks.decode(value)))
  }

  async memberships(user: string): Promise<Map<string, MembershipRow>> {
    const prefix = userPrefix(user)
    const found = new Map<string, MembershipRow>()
    for await (const [key, value] of this.#shardOf(user).scan(familyRange(prefix, 'membership'))) {
      found.set(readIdKey(key, prefix.length), rows.membership.decode(value))
    }
    this.#reads++
    return found
  }

  profile(
    user: string,
  ): MaybePromise<{ name: string; profile: string | undefined; position: number } | undefined> {
    const { prefix, shard } = this.#user(user)
    return this.#get(shard, scratchKeys.profile(prefix), rows.profile.decode)
  }

  contact(user: string, other: string) {
    const { prefix, shard } = this.#user(user)
    return this.#get(shard, scratchKeys.contact(prefix, other), rows.contact.decode)
  }

  async contacts(user: string, after: string | undefined, limit: number) {
    this.#reads++
    const prefix = userPrefix(user)
    const { gte, lt } = familyRange(prefix, 'contact')
    const from = after === undefined ? gte : Buffer.concat([keys.contact(prefix, after), Buffer.of(0)])
    const found = await this.#shardOf(user).rows({ gte: from, lt }, limit)
    return found.map(([key, value]) => ({
      contactId: readIdKey(key, prefix.length),
      ...rows.contact.decode(value),
    }))
  }

  /** The newest row of own messages in a group that begins at or before `seq`. */
  async own(user: string, group: string, seq: number): Promise<OwnRow | undefined> {
    this.#reads++
    const prefix = userPrefix(user)
    const range = { ...numberedRange(prefix, 'own', group, 0, seq + 1), reverse: true }
    const found = (await this.#shardOf(user).rows(range, 1))[0]
    return found === undefined ? undefined : rows.own.decode(found[1])
  }

  // ---- rows of a group

  /**
   * A group's own row, and its head if it has messages; null if there is no such group. IMPORTANT: no group begins anew because
   * one of the two was lost: without its own row it has no other, and without a head no run.
   */
  async group(
    group: string,
  ): Promise<{ readonly state: GroupRow; readonly head: GroupHeadRow | null } | null> {
    const { prefix, shard } = this.#group(group)
    const [state, head = null] = await Promise.all([
      this.#get(shard, keys.group(prefix), rows.group.decode),
      this.#get(shard, keys.head(prefix, group), rows.groupHead.decode),
    ])
    if (state !== undefined && head !== null) return { state, head }
    this.#reads++
    const others = state === undefined ? partitionRange(prefix) : numberedRange(prefix, 'runs', group, 0)
    if ((await shard.rows(others, 1)).length > 0) throw lostRow(group)
    return state === undefined ? null : { state, head }
  }

  member(group: string, user: string): MaybePromise<MembershipRow | undefined> {
    const key = keys.member(groupPrefix(group), user)
    return this.#get(this.#shardOf(group), key, rows.membership.decode)
  }

  async allMembers(group: string): Promise<MembershipRow[]> {
    this.#reads++
    const prefix = groupPrefix(group)
    const members: MembershipRow[] = []
    for await (const [, value] of this.#shardOf(group).scan(familyRange(prefix, 'member'))) {
      members.push(rows.membership.decode(value))
    }
    return members
  }

  /** Present members in the order of joining, with an ordinal above `after`. */
  async roll(group: string, after: number, limit: number): Promise<{ ordinal: number; user: string }[]> {
    this.#reads++
    const prefix = groupPrefix(group)
    const { lt } = familyRange(prefix, 'roll')
    const found = await this.#shardOf(group).rows({ gte: keys.roll(prefix, after + 1), lt }, limit)
    return found.map(([key, value]) => ({ ordinal: readNumberKey(key), user: rows.roll.decode(value) }))
  }

  /** Members of the roll, and only those whose own rows say the same. */
  async listedMembers(group: string, limit: number): Promise<MembershipRow[]> {
    const roll = await this.roll(group, 0, limit)
    const prefix = groupPrefix(group)
    const found = await this.#shardOf(group).getMany(roll.map(({ user }) => keys.member(prefix, user)))
    return found.flatMap((value, i) => {
      if (value === undefined) return []
      const member = rows.membership.decode(value)
      return member.ordinal === roll[i]?.ordinal && isPresent(member) ? [member] : []
    })
  }

  // ---- rows of either

  /**
   * Runs of a conversation from the one with `to` downwards, without a gap, up to `limit`. `owner` is the first participant
   * of a direct conversation, or the group. `isNewest`: nothing above `to` was stored a moment ago, so one range is enough.
   */
  async runs(
    owner: RunOwner,
    conversation: string,
    to: number,
    limit: number,
    isNewest = false,
  ): Promise<RunRow[]> {
    this.#reads++
    const prefix = prefixOf(owner)
    const shard = this.#shardOf(owner.id)
    const down = async (below: number | undefined, most: number): Promise<RunRow[]> => {
      const range = numberedRange(prefix, 'runs', conversation, 0, below)
      return (await shard.rows({ ...range, reverse: true }, most)).map(([, value]) => rows.run.decode(value))
    }
    if (isNewest) {
      const found = await down(undefined, limit)
      // Something above may have been stored meanwhile, and then this reaches less far down.
      if (found.every(({ firstSeq }) => firstSeq <= to)) return withoutGaps(found, to)
    }
    const [first] = await shard.rows(numberedRange(prefix, 'runs', conversation, to), 1)
    if (first === undefined) return []
    const newest = rows.run.decode(first[1])
    if (limit === 1 || newest.firstSeq === 1) return withoutGaps([newest], to)
    return withoutGaps([newest, ...(await down(newest.firstSeq, limit - 1))], to)
  }

  /** Where the run lies that ends with `lastSeq`, if there is one and it is to be had at once. */
  runNow(owner: RunOwner, conversation: string, lastSeq: number): RunPlace | undefined {
    const value = this.#runValueNow(owner, conversation, lastSeq)
    return value === undefined ? undefined : rows.run.decodePlace(value)
  }

  #runValueNow(owner: RunOwner, conversation: string, lastSeq: number): Buffer | undefined {
    this.#reads++
    const { prefix, shard } = owner.kind === 'user' ? this.#user(owner.id) : this.#group(owner.id)
    return shard.readNow(scratchKeys.run(prefix, conversation, lastSeq), () => undefined)
  }

  /** All runs of a conversation, ascending. */
  async allRuns(owner: RunOwner, conversation: string): Promise<RunRow[]> {
    this.#reads++
    const found: RunRow[] = []
    const range = numberedRange(prefixOf(owner), 'runs', conversation, 0)
    for await (const [, value] of this.#shardOf(owner.id).scan(range)) found.push(rows.run.decode(value))
    return found
  }

  /** All runs up to the message `through`, if they are at most `limit` and to be had at once; null if not. */
  allRunsNow(owner: RunOwner, conversation: string, through: number, limit: number): RunRow[] | null {
    const found: RunRow[] = []
    for (let last = through; last > 0;) {
      if (found.length === limit) return null
      const value = this.#runValueNow(owner, conversation, last)
      if (value === undefined) return null
      const run = rows.run.decode(value)
      found.push(run)
      last = run.firstSeq - 1
    }
    return found.reverse()
  }

  /** The changes above `after` of each generation that ends after it, oldest first. */
  async *changes(owner: RunOwner, after: number): AsyncGenerator<Iterable<StoredChange>, void> {
    this.#reads++
    const prefix = prefixOf(owner)
    const { lt } = familyRange(prefix, 'changes')
    for await (const [, value] of this.#shardOf(owner.id).scan({
      gte: keys.changes(prefix, after + 1),
      lt,
    })) {
      yield changesIn(value, owner.kind === 'user' ? owner.id : null, after)
    }
  }

  #get<T>(shard: Shard, key: Buffer, decode: (bytes: Buffer) => T): MaybePromise<T | undefined> {
    this.#reads++
    return andThen(shard.read(key), (value) => (value === undefined ? undefined : decode(value)))
  }

  #group(group: string): { readonly prefix: Buffer; readonly shard: Shard } {
    return { prefix: groupPrefix(group), shard: this.#shardOf(group) }
  }

  #user(user: string): UserRows {
    if (this.#last?.user !== user) this.#last = { user, prefix: userPrefix(user), shard: this.#shardOf(user) }
    return this.#last
  }
}

/** Something else says that there is such a conversation, and where it must be said there is nothing. */
export function lostRow(conversation: string): ColumbaError {
  return new ColumbaError(
    'CORRUPT',
    'a row of a conversation is not where it must be; verify the store, restore a backup',
    { conversation },
  )
}

/**
 * The run with `to`, of descending ones, and those that follow without a gap: between two reads the tidy may have joined what
 * lies between to the newest one, where it is found.
 */
function withoutGaps(runs: readonly RunRow[], to: number): RunRow[] {
  const found: RunRow[] = []
  let next = to
  for (const run of runs) {
    if (run.firstSeq > next) continue
    if (run.firstSeq + run.count <= next) break
    found.push(run)
    next = run.firstSeq - 1
  }
  return found
}

export interface RunOwner {
  readonly kind: 'user' | 'group'
  readonly id: string
}

function prefixOf(owner: RunOwner): Buffer {
  return owner.kind === 'user' ? userPrefix(owner.id) : groupPrefix(owner.id)
}

import type { VerifyFinding, VerifyReport } from '../../backend/port.js'

const restore = 'restore a backup, or let `columba repair` save what can be read'
/** Derived from messages: nothing that people wrote is lost by it. */
const rebuild =
  '`columba repair` makes it anew from the messages, which are checked apart; or restore a backup'

/** What nothing else tells: of what is gone a repair can say no more than that. */
const salvage =
  '`columba repair` keeps the newest copy that it finds, and names what is lost; or restore a backup'

/** Everything that a verification can find: what it is called in reports, and what to do about it. */
export const findingKinds = {
  damagedValue: { what: 'damaged value', advice: restore },
  shard: { what: 'shard that LevelDB cannot read to its end', advice: restore },
  table: {
    what: 'damaged table, in which LevelDB may overlook rows',
    advice: '`columba repair` reads the rows without LevelDB; or restore a backup',
  },
  unknownRow: { what: 'unknown row', advice: 'something else wrote into the store; restore a backup' },
  wrongShard: { what: 'row in the wrong shard', advice: rebuild },
  unreadable: { what: 'row that cannot be read', advice: restore },
  bodyMissing: { what: 'missing body file', advice: restore },
  bodyHeader: { what: 'body file with a damaged header', advice: restore },
  block: { what: 'damaged block', advice: restore },
  runs: { what: 'runs that do not cover the conversation', advice: rebuild },
  runBlock: { what: 'run that does not fit its block', advice: rebuild },
  time: { what: 'message that is later than the time of the store', advice: rebuild },
  hash: { what: 'hash that does not fit its message', advice: rebuild },
  head: { what: 'head that does not fit the messages', advice: rebuild },
  sides: { what: 'two sides of a conversation that differ', advice: rebuild },
  list: { what: 'list that does not fit the conversations', advice: rebuild },
  copy: { what: 'copy of a list that is not what the list says', advice: rebuild },
  marks: { what: 'marks that do not fit the messages', advice: salvage },
  contact: { what: 'contact that does not fit the block', advice: salvage },
  feed: { what: 'change that points to nothing, or a message without one', advice: salvage },
  group: { what: 'group that does not fit its members', advice: salvage },
  membership: { what: 'membership that differs from the group', advice: salvage },
  roll: { what: 'roll that differs from the members', advice: rebuild },
  own: { what: 'own messages that differ from those of the group', advice: rebuild },
} as const

export type FindingKind = keyof typeof findingKinds

/** More than anybody reads; what lies beyond is counted. */
const maxFindings = 10_000

/** Collects what a verification finds and counts what it has looked at. */
export class Findings {
  readonly checked: Record<string, number> = {}
  readonly #all: VerifyFinding[] = []
  #beyond = 0

  add(kind: FindingKind, where: string): void {
    const { what, advice } = findingKinds[kind]
    if (this.#all.length < maxFindings) this.#all.push({ what, where, advice })
    else this.#beyond++
  }

  count(what: string, by = 1): void {
    this.checked[what] = (Object.hasOwn(this.checked, what) ? (this.checked[what] as number) : 0) + by
  }

  countTable(shard: number, name: string, isSound: boolean): void {
    this.count('tables')
    if (!isSound) this.add('table', `shard ${shard}, ${name}`)
  }

  get report(): VerifyReport {
    return { ok: this.#all.length === 0, checked: this.checked, findings: this.all }
  }

  get all(): readonly VerifyFinding[] {
    if (this.#beyond === 0) return this.#all
    return [...this.#all, { what: `${this.#beyond} more findings`, where: 'everywhere', advice: restore }]
  }
}

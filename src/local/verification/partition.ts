import { groupPrefix, userPrefix } from '../../formats/keys.js'

export interface FamilyRange {
  readonly gte: Buffer
  readonly lt: Buffer
}

/** Whose rows are being checked. */
export interface PartitionPlace {
  readonly kind: 'user' | 'group'
  readonly id: string
  readonly shard: number
  readonly prefix: Buffer
}

export function userPlace(id: string, shard: number): PartitionPlace {
  return { kind: 'user', id, shard, prefix: userPrefix(id) }
}

export function groupPlace(id: string, shard: number): PartitionPlace {
  return { kind: 'group', id, shard, prefix: groupPrefix(id) }
}

/** A conversation as a partition has it, for reports. */
export function conversationIn(place: PartitionPlace, conversation: string): string {
  return nameOf(place, `conversation ${JSON.stringify(conversation)}`)
}

/** For reports: ids in quotes, so that every character shows. */
export function nameOf({ kind, id, shard }: PartitionPlace, ...more: readonly string[]): string {
  return [`shard ${shard}`, `${kind} ${JSON.stringify(id)}`, ...more].join(', ')
}

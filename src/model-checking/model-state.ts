import type { Json } from '../model/json.js'
import type { Moment } from './moment.js'

/** A message as the model keeps it: the public shape, and where it stands in the order of everything. */
export interface ToldMessage {
  readonly seq: number
  readonly id: string
  readonly sender: string
  readonly deviceId: string | undefined
  readonly text: string
  readonly attributes: Json | undefined
  readonly sentAt: number | undefined
  readonly timestamp: number
  readonly order: number
  /** False if the store derived the id: then a repeat gives time and device again, not the id. */
  readonly given: boolean
}

/** A time in a conversation, from joining to leaving. */
export interface Stay {
  readonly from: number
  to: number | null
  readonly order: number
  readonly since: Moment | number
}

export interface Member {
  readonly stays: Stay[]
  /** Present members follow each other in this order. */
  joined: number
  read: number
  delivered: number
  /** What the one who left still sees of the group. */
  frozen: { readonly title: string | undefined; readonly memberCount: number } | null
}

export interface Talk {
  readonly id: string
  readonly kind: 'direct' | 'group'
  readonly pair: readonly [string, string] | null
  readonly messages: ToldMessage[]
  readonly members: Map<string, Member>
  readonly creator: string | null
  readonly createdAt: number
  /** What `create` was given, to tell a repeat from a conflict. */
  readonly createdAs: string | null
  title: string | undefined
  owner: string | null
}

export interface KnownContact {
  listed: boolean
  alias: string | undefined
  blocked: boolean
}

export function present(talk: Talk): [string, Member][] {
  return [...talk.members]
    .filter(([, member]) => member.stays.at(-1)?.to === null)
    .toSorted(([, one], [, other]) => one.joined - other.joined)
}

export function isPresent(talk: Talk, user: string): boolean {
  return talk.members.get(user)?.stays.at(-1)?.to === null
}

/** Equal for equal JSON values, whatever the order of keys. */
export function canonical(value: Json | undefined): string {
  return JSON.stringify(value === undefined ? [] : [sorted(value)])
}

function sorted(value: Json): Json {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map((part: Json) => sorted(part))
  return Object.entries(value)
    .toSorted(([one], [other]) => (one < other ? -1 : 1))
    .map(([key, part]) => [key, sorted(part)])
}

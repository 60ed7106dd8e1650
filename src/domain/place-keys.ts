import { createHash } from 'node:crypto'
import type { ChangeRef } from '../backend/port.js'
import type { Position } from '../model/ids.js'

/** A pointer and what orders it among those of its position. */
export interface KeyedRef {
  readonly ref: ChangeRef
  readonly key: string
}

interface Kept {
  /** Pointers as they were asked for. */
  readonly refs: readonly ChangeRef[]
  readonly keyed: readonly KeyedRef[]
}

const kindOrder = ['conversation', 'member', 'message', 'delivered', 'read', 'contact', 'profile'] as const
/** Pointers of all positions that are kept; the newest position may have more. About 300 bytes each. */
const keptRefs = 4096

/**
 * The pointers of one position in the order of their keys. When a thousand members join, all of them read the same thousand
 * pointers, each in several pages: keys are worked out once, and kept for the next reader.
 */
export class PlaceKeys {
  /** In the order in which they came. */
  readonly #kept = new Map<Position, Kept>()
  #count = 0

  /** Orders pointers; `refs` are all that one user is told of at their position. */
  inOrder(refs: readonly ChangeRef[]): readonly KeyedRef[] {
    const { position } = refs[0] as ChangeRef
    const kept = this.#kept.get(position)
    if (kept !== undefined && areSame(kept.refs, refs)) return kept.keyed
    const keyed = refs.map((ref) => ({ ref, key: keyOf(ref) })).toSorted((a, b) => (a.key < b.key ? -1 : 1))
    this.#forget(position)
    this.#kept.set(position, { refs, keyed })
    this.#count += refs.length
    for (const other of this.#kept.keys()) {
      if (this.#count <= keptRefs || other === position) break
      this.#forget(other)
    }
    return keyed
  }

  #forget(position: Position): void {
    this.#count -= this.#kept.get(position)?.refs.length ?? 0
    this.#kept.delete(position)
  }
}

/**
 * A key of fixed length that orders the pointers of one position. It contains the position, so that it is not found
 * at a later one when the feed has dropped an overtaken pointer meanwhile.
 */
function keyOf(ref: ChangeRef): string {
  const parts = [ref.position, ...thingOf(ref)]
  const digest = createHash('sha256').update(JSON.stringify(parts)).digest('base64url')
  return `${kindOrder.indexOf(ref.kind)}${digest.slice(0, 20)}`
}

/** With its kind, what a pointer points to. */
function thingOf(ref: ChangeRef): readonly unknown[] {
  return [
    'conversationId' in ref ? ref.conversationId : null,
    'userId' in ref ? ref.userId : null,
    'seq' in ref ? ref.seq : null,
  ]
}

/**
 * True if both are the same pointers. They are mostly the same objects for all users who are told of them; those that were read
 * from a disk are not.
 */
function areSame(some: readonly ChangeRef[], others: readonly ChangeRef[]): boolean {
  return some.length === others.length && some.every((ref, i) => isSame(ref, others[i] as ChangeRef))
}

function isSame(one: ChangeRef, other: ChangeRef): boolean {
  if (one === other) return true
  if (one.kind !== other.kind) return false
  const things = thingOf(other)
  return thingOf(one).every((part, i) => part === things[i])
}

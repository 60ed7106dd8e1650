import type { SeededChance } from '../backend/reference/seeded-chance.js'
import type { SimulatedFile } from './simulated-file.js'

export type SimulatedNode = SimulatedFile | SimulatedDirectory

interface Change {
  readonly removed: string | null
  readonly added: readonly [name: string, node: SimulatedNode] | null
}

/** The entries of a directory: as programs see them, and what of them was not synced. A rename is one change. */
export class SimulatedDirectory {
  readonly #entries = new Map<string, SimulatedNode>()
  #durable = new Map<string, SimulatedNode>()
  #changes: Change[] = []

  get entries(): ReadonlyMap<string, SimulatedNode> {
    return this.#entries
  }

  link(name: string, node: SimulatedNode): void {
    this.#change({ removed: null, added: [name, node] })
  }

  unlink(name: string): void {
    this.#change({ removed: name, added: null })
  }

  /** Within this directory. */
  rename(from: string, to: string, node: SimulatedNode): void {
    this.#change({ removed: from, added: [to, node] })
  }

  sync(): void {
    this.#durable = new Map(this.#entries)
    this.#changes = []
  }

  /** Each change is kept or not; `inOrder`: none without those before it, as a journal of metadata does it. */
  losePower(keep: number, chance: SeededChance, inOrder: boolean): void {
    const kept = this.#changes.filter(() => chance.happens(keep))
    for (const change of inOrder ? this.#changes.slice(0, kept.length) : kept) apply(change, this.#durable)
    this.#changes = []
    this.#entries.clear()
    for (const [name, node] of this.#durable) this.#entries.set(name, node)
  }

  #change(change: Change): void {
    apply(change, this.#entries)
    this.#changes.push(change)
  }
}

function apply({ removed, added }: Change, entries: Map<string, SimulatedNode>): void {
  if (removed !== null) entries.delete(removed)
  if (added !== null) entries.set(added[0], added[1])
}

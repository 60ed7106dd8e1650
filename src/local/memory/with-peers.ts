import type { UserId } from '../../model/ids.js'

/** Whom a user has direct conversations with, as far as memory has them. Most have one: a map is made for the second. */
export class WithPeers<T> {
  #peer: UserId | null = null
  #first: T | null = null
  #others: Map<UserId, T> | null = null

  get peerCount(): number {
    return (this.#peer === null ? 0 : 1) + (this.#others?.size ?? 0)
  }

  peer(id: UserId): T | undefined {
    if (this.#peer === id) return this.#first as T
    return this.#others?.get(id)
  }

  /** For one who is not there. */
  putPeer(id: UserId, value: T): void {
    if (this.#peer === null) {
      this.#peer = id
      this.#first = value
    } else {
      this.#others ??= new Map()
      this.#others.set(id, value)
    }
  }

  /** False if nobody was there. */
  dropPeer(id: UserId): boolean {
    if (this.#peer !== id) return this.#others?.delete(id) === true
    this.#peer = this.#first = null
    return true
  }

  /** As they are now. */
  allPeers(): [UserId, T][] {
    const all = this.#others === null ? [] : [...this.#others]
    if (this.#peer !== null) all.push([this.#peer, this.#first as T])
    return all
  }
}

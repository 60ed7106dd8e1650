import type { UserId } from '../../model/ids.js'

/** Direct conversations by peer, as far as memory has them. Most users have one: a map is made for the second. */
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

  /** Puts a peer who is not there yet. */
  putPeer(id: UserId, value: T): void {
    if (this.#peer === null) {
      this.#peer = id
      this.#first = value
    } else {
      this.#others ??= new Map()
      this.#others.set(id, value)
    }
  }

  /** False if the peer was not there. */
  dropPeer(id: UserId): boolean {
    if (this.#peer !== id) return this.#others?.delete(id) === true
    this.#peer = this.#first = null
    return true
  }

  /** A copy of the peers of now. */
  allPeers(): [UserId, T][] {
    const all = this.#others === null ? [] : [...this.#others]
    if (this.#peer !== null) all.push([this.#peer, this.#first as T])
    return all
  }
}

/** Where in a list: first, last, among the others by its position, or beside it as a large group. */
export type ListPlace = 'newest' | 'oldest' | 'inside' | 'large'

/** Something that has a place in a list by descending position. */
interface Placed<T> {
  readonly position: number
  newer: T | null
  older: T | null
}

/** A list by descending position, linked through its elements. */
export class NodeList<T extends Placed<T>> {
  newest: T | null = null
  oldest: T | null = null
  length = 0

  pushNewest(node: T): void {
    node.newer = null
    node.older = this.newest
    if (this.newest === null) this.oldest = node
    else this.newest.newer = node
    this.newest = node
    this.length++
  }

  pushOldest(node: T): void {
    node.older = null
    node.newer = this.oldest
    if (this.oldest === null) this.newest = node
    else this.oldest.older = node
    this.oldest = node
    this.length++
  }

  /** Puts a node where its position says. */
  insert(node: T): void {
    let newer = this.oldest
    while (newer !== null && newer.position < node.position) newer = newer.newer
    if (newer === null) this.pushNewest(node)
    else if (newer.older === null) this.pushOldest(node)
    else {
      node.newer = newer
      node.older = newer.older
      newer.older.newer = node
      newer.older = node
      this.length++
    }
  }

  remove(node: T): void {
    if (node.newer === null) this.newest = node.older
    else node.newer.older = node.older
    if (node.older === null) this.oldest = node.newer
    else node.older.newer = node.newer
    node.newer = node.older = null
    this.length--
  }

  moveToNewest(node: T): void {
    if (this.newest === node) return
    this.remove(node)
    this.pushNewest(node)
  }

  *[Symbol.iterator](): Generator<T> {
    for (let node = this.newest; node !== null; node = node.older) yield node
  }
}

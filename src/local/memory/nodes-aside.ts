/** What counts here of a node. */
interface Aside {
  aside: boolean
  readonly waits: number
}

/** Nodes of one user that stand beside the list, the last one used last. */
export class NodesAside<Node extends Aside> {
  readonly #nodes = new Set<Node>()
  /** The last one of them, if that is known. */
  #last: Node | null = null

  get all(): ReadonlySet<Node> {
    return this.#nodes
  }

  /** Puts a node beside the list, as the one used last. */
  put(node: Node): void {
    if (this.#last === node) return
    node.aside = true
    this.#nodes.delete(node)
    this.#nodes.add(node)
    this.#last = node
  }

  take(node: Node): void {
    node.aside = false
    this.#nodes.delete(node)
    if (this.#last === node) this.#last = null
  }

  /** The node used longest ago, if there are more than `most`; null if calls wait for those in front, which go to the end. */
  oldest(most: number): Node | null {
    // Not all of them, or each that comes would look through all that wait.
    for (let looks = 2; this.#nodes.size > most && looks > 0; looks--) {
      const oldest = this.#nodes.values().next().value as Node
      if (oldest.waits === 0) return oldest
      this.put(oldest)
    }
    return null
  }
}

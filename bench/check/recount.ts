import type { DirectSend } from '../workload/send.js'

interface RecountedMessage {
  readonly sender: string
  readonly id: string
  readonly text: string
}

interface RecountedConversation {
  readonly messages: RecountedMessage[]
  readonly read: Map<string, number>
  position: number
}

const pairName = (one: string, other: string): string => JSON.stringify([one, other].sort())

/** What every contestant should say, kept as plainly as can be: nothing here is shared with any of them. */
export class Recount {
  readonly #conversations = new Map<string, RecountedConversation>()
  readonly #peers = new Map<string, Set<string>>()
  #position = 0

  /** The seq that the send takes, or that it has if it is a repeat. */
  send(send: DirectSend): { seq: number; duplicate: boolean } {
    const name = pairName(send.sender, send.receiver)
    let conversation = this.#conversations.get(name)
    if (conversation === undefined) {
      conversation = { messages: [], read: new Map(), position: 0 }
      this.#conversations.set(name, conversation)
      this.#peersOf(send.sender).add(send.receiver)
      this.#peersOf(send.receiver).add(send.sender)
    }
    const { messages } = conversation
    const known = messages.findIndex(({ sender, id }) => sender === send.sender && id === send.id)
    if (known >= 0) return { seq: known + 1, duplicate: true }
    messages.push({ sender: send.sender, id: send.id, text: send.text })
    conversation.position = ++this.#position
    return { seq: messages.length, duplicate: false }
  }

  markRead(user: string, peer: string, seq: number): void {
    const { messages, read } = this.#conversations.get(pairName(user, peer))!
    read.set(user, Math.max(read.get(user) ?? 0, Math.min(seq, messages.length)))
  }

  users(): string[] {
    return [...this.#peers.keys()]
  }

  peers(user: string): string[] {
    return [...this.#peersOf(user)]
  }

  /** Newest conversations first, as [peer, head, read, unread, text of the newest]. */
  list(user: string, limit: number): unknown[] {
    return this.peers(user)
      .map((peer) => ({ peer, ...this.#conversations.get(pairName(user, peer))! }))
      .sort((a, b) => b.position - a.position)
      .slice(0, limit)
      .map(({ peer, messages, read }) => {
        const readSeq = read.get(user) ?? 0
        const unread = messages.filter(({ sender }, index) => index >= readSeq && sender !== user).length
        return [peer, messages.length, readSeq, unread, messages.at(-1)!.text]
      })
  }

  /** Messages before a seq, newest first, as [seq, sender, id, text]. */
  page(user: string, peer: string, before: number, limit: number): unknown[] {
    return this.#conversations
      .get(pairName(user, peer))!
      .messages.map(({ sender, id, text }, index) => [index + 1, sender, id, text])
      .slice(0, Math.max(0, before - 1))
      .reverse()
      .slice(0, limit)
  }

  #peersOf(user: string): Set<string> {
    let peers = this.#peers.get(user)
    if (peers === undefined) this.#peers.set(user, (peers = new Set()))
    return peers
  }
}

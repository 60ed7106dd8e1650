import { setTimeout as sleep } from 'node:timers/promises'
import { directConversationId, openMessageStore } from 'columba'
import type { GroupPlan } from '../workload/groups.js'
import type { Send } from '../workload/send.js'
import {
  type Contestant,
  type ConversationReference,
  type ConversationRow,
  LIST_LENGTH,
  type LiveContestant,
  type MessageView,
  type OpenOptions,
  PAGE_LENGTH,
  type Receipt,
} from './contestant.js'
import { LEVEL0_LIMIT } from './level-zero.js'
import { packageVersion } from './package-version.js'

type Store = Awaited<ReturnType<typeof openMessageStore>>

const QUIET_POLL_MS = 20
/** Between two merges nothing is under way for a moment. */
const QUIET_LOOKS = 3
/** The default limit. */
const IDS_PER_CALL = 1000

/** Columba through its public calls. */
class Columba implements LiveContestant {
  readonly #store: Store

  constructor(store: Store) {
    this.#store = store
  }

  send(send: Send): Promise<Receipt> {
    return this.#store.sendMessage(send)
  }

  async list(user: string): Promise<readonly ConversationRow[]> {
    return (await this.#store.getConversations(user, { limit: LIST_LENGTH })).items
  }

  async page(
    user: string,
    conversation: ConversationReference,
    before?: number,
  ): Promise<readonly MessageView[]> {
    const options = before === undefined ? { limit: PAGE_LENGTH } : { limit: PAGE_LENGTH, before }
    return (await this.#store.getMessages(user, conversation, options)).items
  }

  markRead(user: string, conversation: ConversationReference, seq: number): Promise<unknown> {
    return this.#store.markRead(user, conversation, seq)
  }

  markDelivered(user: string, conversation: ConversationReference, seq: number): Promise<unknown> {
    return this.#store.markDelivered(user, conversation, seq)
  }

  conversationOf(one: string, other: string): ConversationReference {
    return directConversationId(one, other)
  }

  async createGroup({ id, creator, members }: GroupPlan): Promise<ConversationReference> {
    const group = await this.#store.groups.create({ id, creator, members: members.slice(0, IDS_PER_CALL) })
    for (let added = IDS_PER_CALL; added < members.length; added += IDS_PER_CALL) {
      await this.#store.groups.addMembers(creator, group.id, members.slice(added, added + IDS_PER_CALL))
    }
    return group.id
  }

  subscribe(user: string, signal: AbortSignal): ReturnType<Store['subscribe']> {
    return this.#store.subscribe(user, { signal })
  }

  /** Merges of body files that are under way are brought to their end: the rows of each need a checkpoint. */
  async checkpoint(): Promise<void> {
    for (let quiet = 0; quiet < QUIET_LOOKS;) {
      await this.#store.admin.checkpoint()
      await this.settle()
      quiet = (await this.#store.admin.stats()).bodies.merging ? 0 : quiet + 1
      await sleep(QUIET_POLL_MS)
    }
  }

  async settle(): Promise<void> {
    for (;;) {
      const { shards } = await this.#store.admin.stats()
      if (shards.every(({ level0Files }) => level0Files < LEVEL0_LIMIT)) return
      await sleep(QUIET_POLL_MS)
    }
  }

  async statistics(): Promise<Readonly<Record<string, unknown>>> {
    return { ...(await this.#store.admin.stats()) }
  }

  close(): Promise<void> {
    return this.#store.close()
  }
}

/** With its default settings. */
export async function open({ directory }: OpenOptions): Promise<Contestant> {
  return new Columba(await openMessageStore({ location: directory }))
}

/** With default settings but for how much the cache may hold. */
export async function openWithCache({ directory }: OpenOptions, maxBytes: number): Promise<Contestant> {
  return new Columba(await openMessageStore({ location: directory, cache: { maxBytes } }))
}

export function version(): string {
  return `columba ${packageVersion('columba')}`
}

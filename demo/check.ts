import type { Conversation, Message, MessageStore } from '../src/index.js'
import type { Problems } from './problems.js'
import { conversationRef } from './play.js'
import { Progress } from './progress.js'
import type { CountedMessage, CountedRow, Recount } from './recount.js'

export interface Checked {
  readonly users: number
  readonly equalUsers: number
  readonly conversations: number
  readonly messages: number
}

const usersAtOnce = 16
const listPage = 100
const historyPage = 1000

/** Reads every list, unread count and history of every user, and compares them with the recount. */
export async function checkEverything(
  store: MessageStore,
  recount: Recount,
  problems: Problems,
): Promise<Checked> {
  const { users } = recount
  const progress = new Progress('checking', users.length)
  const checked = { users: 0, equalUsers: 0, conversations: 0, messages: 0 }
  const waiting = users.values()
  const work = async (): Promise<void> => {
    for (const user of waiting) {
      const check = new UserCheck(store, recount.rowsOf(user), user, problems)
      await check.run()
      checked.users++
      if (check.equal) checked.equalUsers++
      checked.conversations += check.rows.length
      checked.messages += check.messages
      progress.at(checked.users)
    }
  }
  await Promise.all(Array.from({ length: usersAtOnce }, work))
  progress.end()
  return checked
}

class UserCheck {
  readonly rows: readonly CountedRow[]
  readonly #store: MessageStore
  readonly #user: string
  readonly #problems: Problems
  equal = true
  messages = 0

  constructor(store: MessageStore, rows: readonly CountedRow[], user: string, problems: Problems) {
    this.#store = store
    this.rows = rows
    this.#user = user
    this.#problems = problems
  }

  async run(): Promise<void> {
    const user = this.#user
    try {
      const list = await wholeList(this.#store, user)
      this.#same('list', list.map(nameInList), this.rows.map(nameInRow))
      for (const [index, row] of this.rows.entries()) {
        const found = list[index]
        if (found !== undefined) this.#same(`row ${index} of the list`, summaryOf(found, row), summaryIn(row))
        await this.#history(row)
      }
      const unread = await this.#store.getUnread(user)
      const counts = this.rows.map((row) => row.unread).filter((count) => count > 0)
      const total = counts.reduce((sum, count) => sum + count, 0)
      this.#same('unread', [unread.total, unread.conversations], [total, counts.length])
    } catch (error) {
      this.equal = false
      this.#problems.add(`reading as ${user}`, error, 'no error')
    }
  }

  async #history({ place, visible }: CountedRow): Promise<void> {
    const found: Message[] = []
    let cursor: string | undefined
    do {
      const page = await this.#store.getMessages(this.#user, conversationRef(place), {
        limit: historyPage,
        ...(cursor === undefined ? { after: 0 } : { cursor }),
      })
      found.push(...page.items)
      cursor = page.items.length < historyPage ? undefined : (page.next ?? undefined)
    } while (cursor !== undefined)
    this.messages += found.length
    const where = `history of ${JSON.stringify(place)}`
    this.#same(`${where}, its length`, found.length, visible.length)
    for (const [index, message] of found.entries()) {
      const wanted = visible[index]
      if (wanted === undefined || !isSame(message, wanted)) {
        this.#same(`${where} at ${index}`, message, wanted)
        return
      }
    }
  }

  #same(what: string, found: unknown, wanted: unknown): void {
    if (!this.#problems.same(`${this.#user}: ${what}`, found, wanted)) this.equal = false
  }
}

async function wholeList(store: MessageStore, user: string): Promise<Conversation[]> {
  const found: Conversation[] = []
  let cursor: string | undefined
  do {
    const page = await store.getConversations(user, { limit: listPage, cursor })
    found.push(...page.items)
    cursor = page.next ?? undefined
  } while (cursor !== undefined)
  return found
}

function nameInList({ kind, id, peer }: Conversation): string {
  return kind === 'group' ? `group ${id}` : `with ${peer}`
}

function nameInRow({ place }: CountedRow): string {
  return 'group' in place ? `group ${place.group}` : `with ${place.peer}`
}

/** Title and size of a group that the user has left stay as they were then; the recount does not keep them. */
function summaryOf(found: Conversation, { left }: CountedRow): unknown {
  const { unread, headSeq, readSeq, deliveredSeq, lastMessage, title, memberCount } = found
  return {
    left: found.left,
    unread,
    headSeq,
    readSeq,
    deliveredSeq,
    last: lastMessage?.text ?? null,
    title: left ? null : (title ?? null),
    memberCount: left ? null : memberCount,
  }
}

function summaryIn({ conversation, left, unread, read, delivered, visible }: CountedRow): unknown {
  const last = visible.at(-1)
  const { members, title } = conversation
  const present = [...members.values()].filter(({ stays }) => stays.at(-1)?.to === null)
  return {
    left,
    unread,
    headSeq: last?.seq ?? 0,
    readSeq: read,
    deliveredSeq: delivered,
    last: last?.text ?? null,
    title: left ? null : title,
    memberCount: left ? null : present.length,
  }
}

/** An id that was derived is the store's own affair. */
export function isSame(message: Message, wanted: CountedMessage): boolean {
  return (
    message.seq === wanted.seq &&
    message.sender === wanted.sender &&
    message.text === wanted.text &&
    message.sentAt === wanted.sentAt &&
    message.deviceId === wanted.deviceId &&
    (wanted.id === undefined || message.id === wanted.id)
  )
}

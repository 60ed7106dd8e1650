import type { Conversation, Message, MessageStore, StoreStats } from '../src/index.js'
import type { OfflinePhone } from './phone.js'

const rows = 8
const textWidth = 56
const graphemes = new Intl.Segmenter()

/** A user's list, as a messenger shows it. */
export async function showList(store: MessageStore, user: string): Promise<Conversation | undefined> {
  const { items } = await store.getConversations(user, { limit: rows })
  const { total, conversations } = await store.getUnread(user)
  console.log(`\n${user}: ${total} unread in ${conversations} conversations`)
  for (const row of items) {
    const name = row.title ?? row.peer ?? row.id
    const unread = row.unread > 0 ? `(${row.unread})` : ''
    const notes = [row.kind === 'group' ? `${row.memberCount} members` : '', row.left ? 'left' : '']
    console.log(
      `  ${clip(name, 20)} ${unread.padStart(7)}  ${clip(row.lastMessage?.text ?? '', textWidth)} ${notes
        .filter((note) => note !== '')
        .join(', ')}`.trimEnd(),
    )
  }
  return items[0]
}

/** The newest page of a conversation, oldest first, as on a screen. */
export async function showPage(
  store: MessageStore,
  user: string,
  { id, peer, title }: Conversation,
): Promise<void> {
  const { items } = await store.getMessages(user, id, { limit: 10 })
  console.log(`\n${user} reads ${title ?? peer ?? id}`)
  for (const message of [...items].reverse()) console.log(`  ${lineOf(message)}`)
}

export function showPhone(
  { user, sync }: OfflinePhone,
  before: { conversations: number; messages: number },
): void {
  console.log(
    `\n${user}'s phone went offline with ${before.conversations} conversations and ${before.messages} messages.\n` +
      `  It caught up with ${sync.pages} pages of ${sync.changes} changes: ` +
      `${sync.messages} messages, ${sync.marks} marks, ${sync.changes - sync.messages - sync.marks} others.`,
  )
}

/** Every number that the store gives, one line for each of its parts. */
export function showStats(stats: StoreStats): void {
  console.log('\nStatistics')
  for (const [part, value] of Object.entries(stats)) {
    const parts: readonly unknown[] = Array.isArray(value) ? value : [value]
    for (const [index, one] of parts.entries()) {
      console.log(`  ${(parts.length > 1 ? `${part} ${index}` : part).padEnd(12)} ${factsOf(one)}`)
    }
  }
}

function factsOf(value: unknown): string {
  if (typeof value !== 'object' || value === null) return String(value)
  return Object.entries(value)
    .map(
      ([name, fact]) =>
        `${name} ${typeof fact === 'object' && fact !== null ? JSON.stringify(fact) : String(fact)}`,
    )
    .join(', ')
}

function lineOf({ seq, sender, text }: Message): string {
  return `${String(seq).padStart(6)}  ${clip(sender, 12)} ${clip(text, 80).trimEnd()}`
}

function clip(text: string, width: number): string {
  const characters = Array.from(graphemes.segment(text), ({ segment }) => segment)
  return characters.length > width
    ? `${characters.slice(0, width - 1).join('')}…`
    : text + ' '.repeat(width - characters.length)
}

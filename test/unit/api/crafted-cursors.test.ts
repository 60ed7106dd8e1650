import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import type { MessageStore } from '../../../src/api/message-store.js'
import type { ColumbaError } from '../../../src/errors.js'
import { directConversationId } from '../../../src/model/direct-conversation-id.js'
import { openLocalStore } from '../../fixtures/local-store.js'
import { temporaryDirectory } from '../../fixtures/temporary-directory.js'

/** A cursor as anybody can make it who has read how: its checksum is over things that a client knows. */
function crafted(scope: readonly unknown[], content: string): string {
  const encoded = Buffer.from(content).toString('base64url')
  const sum = createHash('sha256').update(JSON.stringify([scope, encoded]))
  return sum.digest('base64url').slice(0, 16) + encoded
}

type Read = (store: MessageStore, cursor: string) => Promise<unknown>

const calls: Record<string, { scope: readonly unknown[]; read: Read }> = {
  getConversations: {
    scope: ['conversations', 'ada', null, false],
    read: (store, cursor) => store.getConversations('ada', { cursor }),
  },
  getMessages: {
    scope: ['messages', 'ada', 'group'],
    read: (store, cursor) => store.getMessages('ada', 'group', { cursor }),
  },
  'getMessages of a conversation that has not begun': {
    scope: ['messages', 'ada', directConversationId('ada', 'nobody')],
    read: (store, cursor) => store.getMessages('ada', { peer: 'nobody' }, { cursor }),
  },
  'contacts.list': {
    scope: ['contacts', 'ada', false],
    read: (store, cursor) => store.contacts.list('ada', { cursor }),
  },
  'contacts.list of the blocked': {
    scope: ['contacts', 'ada', true],
    read: (store, cursor) => store.contacts.list('ada', { cursor, blocked: true }),
  },
  'groups.members': {
    scope: ['members', 'ada', 'group'],
    read: (store, cursor) => store.groups.members('ada', 'group', { cursor }),
  },
}

const contents = [
  'no JSON',
  'null',
  '{}',
  '[]',
  '[5]',
  '[null]',
  '[-1]',
  '[3.5]',
  '[1e300]',
  `[${2 ** 48}]`,
  '["5"]',
  '[""]',
  '["\\ud800"]',
  `["${'x'.repeat(257)}"]`,
  '["older"]',
  '["older",3.5]',
  '["older",-1]',
  '["older","5"]',
  '["older",null]',
  '["newer",1e300]',
  '["older",5,5]',
  '[["older"],5]',
  '[5,"older"]',
  '["x","y"]',
]

/** What these calls themselves put into a cursor. */
const fitting: Record<string, readonly string[]> = {
  'contacts.list': ['["5"]', '["older"]'],
  'contacts.list of the blocked': ['["5"]', '["older"]'],
  'groups.members': ['[5]'],
}

test.each(Object.entries(calls))(
  '%s takes no cursor that somebody has made up',
  async (name, { scope, read }) => {
    const location = await temporaryDirectory()
    // A large group, so that its members are read from rows.
    const parts = { local: { tuning: { fanOut: 1 } } }
    const first = await openLocalStore(location, parts)
    await first.groups.create({ creator: 'ada', members: ['bob', 'eve'], id: 'group' })
    for (let seq = 1; seq <= 5; seq++)
      await first.sendMessage({ sender: 'bob', conversationId: 'group', text: `${seq}` })
    await first.contacts.add('ada', 'bob')
    await first.close()
    const store = await openLocalStore(location, parts)
    for (const content of contents) {
      const outcome = await read(store, crafted(scope, content)).then(
        () => 'a page',
        ({ code, details }: ColumbaError) => `${code} ${String(details?.['field'])}`,
      )
      const fits = fitting[name]?.includes(content) === true
      expect([content, outcome]).toEqual([content, fits ? 'a page' : 'INVALID_ARGUMENT cursor'])
    }
  },
)

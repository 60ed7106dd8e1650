import { beforeEach, expect, test, vi } from 'vitest'
import { ChatWriter } from '../../demo/chat.js'
import { checkEverything } from '../../demo/check.js'
import { play } from '../../demo/play.js'
import { Problems } from '../../demo/problems.js'
import { Recount } from '../../demo/recount.js'
import { openMessageStore } from '../../src/index.js'
import type { MessageStore } from '../../src/index.js'
import { temporaryDirectory } from '../fixtures/temporary-directory.js'

const recount = new Recount()
const script = new ChatWriter({ seed: 7, messages: 1000 }, recount).write()
const user = recount.users.find((one) => recount.rowsOf(one).some(({ unread }) => unread > 0)) ?? ''
const unreadRow = recount.rowsOf(user).find(({ unread }) => unread > 0)

beforeEach(() => {
  // Of no interest here: how far the demo has come.
  vi.spyOn(console, 'log').mockReturnValue()
})

async function played(store: MessageStore): Promise<Problems> {
  const problems = new Problems()
  const pause = { before: -1, run: async () => {} }
  await play({
    store,
    script,
    decisive: recount.decisive(),
    problems,
    window: 256,
    resuming: false,
    pause,
  })
  return problems
}

// A check is worth what it finds: each of these is one small difference from the script.
const differences: readonly (readonly [string, (store: MessageStore) => Promise<unknown>])[] = [
  ['a message more', (store) => store.sendMessage({ sender: user, receiver: 'somebody', text: 'hello' })],
  [
    'a mark more',
    async (store) => {
      const { items } = await store.getConversations(user, { unreadOnly: true, limit: 1 })
      await store.markRead(user, items[0]?.id ?? '')
    },
  ],
  [
    'a member less',
    (store) => store.groups.removeMember(memberOf('group-2'), 'group-2', memberOf('group-2')),
  ],
  ['another title', (store) => store.groups.rename(memberOf('group-2'), 'group-2', 'planted')],
]

function memberOf(group: string): string {
  return recount.membersOf(group)[0] ?? ''
}

test('the chat has something of everything', () => {
  const kinds = new Set(script.actions.map(({ kind }) => kind))
  expect([...kinds].sort()).toEqual(
    ['add', 'block', 'create', 'delivered', 'read', 'remove', 'rename', 'send', 'unblock'].sort(),
  )
  const codes = new Set(
    script.outcomes.map((outcome) => (outcome.is === 'refused' ? outcome.code : outcome.is)),
  )
  for (const code of ['stored', 'duplicate', 'done', 'BLOCKED', 'NOT_A_MEMBER', 'IDEMPOTENCY_CONFLICT']) {
    expect(codes).toContain(code)
  }
  expect(Math.max(...[...recount.conversations.values()].map(({ members }) => members.size))).toBeGreaterThan(
    256,
  )
  expect(unreadRow).toBeDefined()
})

test('a chat and its recount agree, and the same seed writes the same chat', async () => {
  const again = new ChatWriter({ seed: 7, messages: 1000 }, new Recount()).write()
  expect(again).toEqual(script)

  const store = await openMessageStore({ location: await temporaryDirectory() })
  try {
    const problems = await played(store)
    const { users, equalUsers } = await checkEverything(store, recount, problems)
    expect(problems.report()).toBe('')
    expect([users, equalUsers]).toEqual([recount.users.length, recount.users.length])
  } finally {
    await store.close()
  }
})

test.each(differences)('the check finds %s', async (_, differ) => {
  const store = await openMessageStore({ location: await temporaryDirectory() })
  try {
    const problems = await played(store)
    expect(problems.report()).toBe('')
    await differ(store)
    const { users, equalUsers } = await checkEverything(store, recount, problems)
    expect(problems.count).toBeGreaterThan(0)
    expect(equalUsers).toBeLessThan(users)
  } finally {
    await store.close()
  }
})

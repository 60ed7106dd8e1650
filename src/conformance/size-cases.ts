import { deepStrictEqual as same, ok, strictEqual as is } from 'node:assert/strict'
import { defaultLimits } from '../limits.js'
import type { ConversationId, MessageId, Position, UserId } from '../model/ids.js'
import type { MessageDraft } from '../model/message.js'
import { backendCase } from './backend-case.js'
import type { Workbench } from './workbench.js'

const { idBytes, textBytes, attributesBytes, titleBytes, pageItems } = defaultLimits

/** Ids that are as long as they may be, and differ at their end only. */
const longId = (letter: string, end: number): string => letter.repeat(idBytes - 1) + String(end)

const ada = longId('a', 1) as UserId
const attributes = JSON.stringify({ a: 'x'.repeat(attributesBytes - '{"a":""}'.length) })
const text = `${'t'.repeat(textBytes - 1)}!`
const title = `${'n'.repeat(titleBytes - 1)}!`

export const sizeCases = [
  backendCase('what is as large as it may be comes back whole', async (bench) => {
    const users = [ada, longId('a', 2), longId('a', 3)]
    const [, second, third] = users as [string, string, string]
    const groups = [longId('g', 1), longId('g', 2)]
    const rest = { attributes, deviceId: longId('d', 1), sentAt: Number.MAX_SAFE_INTEGER }
    const draft = bench.draft(ada, text, { ...rest, id: longId('m', 1) as MessageId })
    const twin = bench.draft(ada, 'another', { id: longId('m', 2) as MessageId })
    await bench.sendAll(await bench.direct(ada, second), [draft, twin])
    await bench.say(await bench.direct(ada, third), [third, 'of another user'])
    for (const id of groups) await bench.say(await bench.group(id, users, title), [second, `in ${id}`])
    const check = async () => {
      await checkMessage(bench, [ada, second], draft, twin)
      const { lastMessage } = await bench.part(third, await bench.direct(ada, third))
      is(lastMessage?.text, 'of another user', 'two users whose ids differ at their end are taken for one')
      for (const id of groups) {
        const part = await bench.part(third, bench.backend.conversation(id as ConversationId))
        same([part.lastMessage?.text, part.title], [`in ${id}`, title], 'a title, or an id of a group')
      }
    }
    await check()
    if (await bench.reopen()) await check()
  }),

  backendCase('long lists come in pages of 1,000, and go on behind them', async (bench) => {
    const { backend } = bench
    const others = Array.from({ length: pageItems + 1 }, (_, index) => `other ${index}`)
    await Promise.all(
      others.map(async (other) => {
        const handle = await bench.direct(ada, other)
        await bench.append(handle, bench.draft(ada, other))
        await bench.commit(handle, { kind: 'block', blocker: ada, blocked: true })
      }),
    )
    await bench.settle()
    const contacts = [...(await backend.contacts(ada, undefined, pageItems))]
    is(contacts.length, pageItems, 'a page of contacts stops short')
    contacts.push(...(await backend.contacts(ada, contacts.at(-1)?.contactId, pageItems)))
    same(
      contacts.map(({ contactId }) => contactId),
      others.toSorted(),
    )
    const first = await backend.recent(ada, { limit: pageItems })
    same([first.entries.length, first.more], [pageItems, true], 'a page of the list stops short')
    const below = first.entries.at(-1)?.position as Position
    const second = await backend.recent(ada, { limit: pageItems, below })
    same([second.entries.length, second.more], [1, false], 'the list does not go on behind a page')
    const peers = [...first.entries, ...second.entries].map(({ peer }) => peer as string)
    same(peers.toSorted(), others.toSorted())
    same(await backend.unread(ada), { total: 0, conversations: 0 })
  }),
]

async function checkMessage(
  bench: Workbench,
  pair: readonly [string, string],
  draft: MessageDraft,
  twin: MessageDraft,
): Promise<void> {
  const handle = await bench.direct(...pair)
  const [message, next] = await bench.backend.messages(handle, { from: 1, to: 2, descending: false })
  ok(message !== undefined && next !== undefined)
  same([message.id, next.id], [draft.id, twin.id], 'ids that differ at their end')
  ok(message.text === text, `a text of ${textBytes} bytes comes back with ${message.text.length}`)
  ok(JSON.stringify(message.attributes) === attributes, `attributes of ${attributesBytes} bytes`)
  same([message.deviceId, message.sentAt], [draft.deviceId, draft.sentAt], 'the device, or its time')
  const found = await bench.backend.find(handle, draft.sender, draft.id)
  is(found?.seq, 1)
  ok(found.text === text && found.attributes === attributes, 'content that is found by its key is not whole')
  is((await bench.backend.find(handle, twin.sender, twin.id))?.seq, 2)
}

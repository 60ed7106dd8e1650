import { deepStrictEqual as same, ok, strictEqual as is } from 'node:assert/strict'
import { MOVED } from '../backend/port.js'
import { directConversationId } from '../model/direct-conversation-id.js'
import { unreadOf } from '../model/conversation.js'
import type { MessageId, UserId } from '../model/ids.js'
import type { MessageDraft } from '../model/message.js'
import { backendCase } from './backend-case.js'
import { isDeeplyFrozen } from './checks.js'

const ada = 'ada' as UserId
const bob = 'bob' as UserId

/** Ids that run into each other where they are joined carelessly. */
const oddIds = ['a', 'a\0', 'a\0b', 'ab', 'b', '__proto__', '../a', 'a/b', ':', '😀', '\uffff', 'constructor']

export const messageCases = [
  backendCase('a direct conversation has one handle, however it is named', async ({ backend }) => {
    const handle = backend.direct(bob, ada)
    is(backend.direct(ada, bob), handle)
    is(backend.conversation(handle.id), handle)
    is(handle.id, directConversationId('ada', 'bob'))
    is(handle.kind, 'direct')
    same(handle.pair, ['ada', 'bob'])
    is(handle.head, 0)
    is(await backend.participation(ada, handle), null)
  }),

  backendCase('a message is in the view of both when its write has resolved', async (bench) => {
    const handle = await bench.direct('ada', 'bob')
    const receipt = await bench.send(handle, bench.draft('ada', 'hello', { id: 'first' as MessageId }))
    const { timestamp } = receipt
    same(receipt, { conversationId: handle.id, seq: 1, messageId: 'first', timestamp, duplicate: false })
    const message = {
      conversationId: handle.id,
      seq: 1,
      id: 'first',
      sender: 'ada',
      text: 'hello',
      timestamp,
      deleted: false,
    }
    for (const [user, peer, own] of [
      ['ada', 'bob', 1],
      ['bob', 'ada', 0],
    ] as const) {
      const part = await bench.part(user, handle)
      same({ ...part.lastMessage }, message)
      same(
        [part.kind, part.peer, part.memberCount, part.head, part.ownAtHead, part.activityAt],
        ['direct', peer, 2, 1, own, timestamp],
      )
      same(part.intervals, [{ from: 1, to: null }])
      is(unreadOf(part), 1 - own)
      same(await bench.list(user), [handle.id])
    }
    same([handle.head, handle.durableHead], [1, 1])
  }),

  backendCase('the head at the call does not count what comes before the answer', async (bench) => {
    const handle = await bench.direct('ada', 'bob')
    is(await bench.backend.headAtCall(bob, handle), 0)
    await bench.say(handle, ['ada', '1'], ['bob', '2'])
    const warm = bench.backend.headAtCall(bob, handle)
    await bench.say(handle, ['ada', '3'])
    is(await warm, 2)
    if (!(await bench.reopen())) return
    const cold = bench.backend.headAtCall(bob, bench.backend.direct(ada, bob))
    await bench.say(await bench.direct('ada', 'bob'), ['ada', '4'])
    is(await cold, 3)
  }),

  backendCase('who writes sees it at once, without settling', async (bench) => {
    const handle = await bench.direct('ada', 'bob')
    let outcome
    do {
      await bench.backend.load(handle, ada)
      outcome = await bench.backend.append(handle, handle.head, bench.draft('ada', 'mine'))
    } while (outcome === MOVED)
    const part = await bench.part('ada', handle)
    is(part.head, 1)
    same(await bench.list('ada'), [handle.id])
  }),

  backendCase('all that was given with a message comes back, and nothing else', async (bench) => {
    const attributes = '{"__proto__":{"x":1},"a":[1,null,"é"],"b":{"c":true}}'
    for (const handle of [await bench.direct('ada', 'bob'), await bench.group('trip', ['ada', 'bob'])]) {
      const draft = bench.draft('ada', '', { attributes, deviceId: 'phone', sentAt: 17 })
      const receipt = await bench.send(handle, draft)
      await bench.say(handle, ['bob', 'a line\nanother \0 😀'])
      const [full, bare] = await bench.backend.messages(handle, { from: 1, to: 2, descending: false })
      ok(full !== undefined && bare !== undefined)
      is(JSON.stringify(full.attributes), attributes)
      same([full.text, full.deviceId, full.sentAt], ['', 'phone', 17])
      is(bare.text, 'a line\nanother \0 😀')
      for (const field of ['attributes', 'deviceId', 'sentAt', 'editedAt']) ok(!(field in bare), field)
      ok(isDeeplyFrozen(full) && isDeeplyFrozen(bare))
      const { conversationId, seq, id: messageId, timestamp } = full
      const stored = { conversationId, seq, messageId, timestamp, duplicate: false }
      same(receipt, stored, `the receipt is not that of the message, ${handle.kind}`)
    }
  }),

  backendCase(
    'messages are numbered and shown in the order in which they were handed over',
    async (bench) => {
      const { backend } = bench
      const handle = await bench.direct('ada', 'bob')
      const count = 100
      if (backend.capabilities.moved === 'never') {
        const writes = Array.from({ length: count }, (_, index) =>
          backend.append(
            handle,
            handle.head,
            bench.draft(index % 3 === 0 ? 'ada' : 'bob', `text ${index + 1}`),
          ),
        )
        is(handle.head, count)
        const settled: number[] = []
        await Promise.all(
          writes.map(async (write) => {
            const receipt = await write
            ok(receipt !== MOVED)
            ok(handle.durableHead >= receipt.seq, 'a receipt came before its message could be read')
            settled.push(receipt.seq)
          }),
        )
        same(
          settled,
          [...settled].sort((a, b) => a - b),
        )
      } else {
        for (let index = 0; index < count; index += 1) {
          await bench.say(handle, [index % 3 === 0 ? 'ada' : 'bob', `text ${index + 1}`])
        }
      }
      await bench.settle()
      const messages = await backend.messages(handle, { from: 1, to: count, descending: false })
      same(
        messages.map(({ seq, text }) => [seq, text]),
        Array.from({ length: count }, (_, index) => [index + 1, `text ${index + 1}`]),
      )
      for (const user of ['ada', 'bob']) is((await bench.part(user, handle)).head, count)
      ok(messages.every(({ timestamp }, index) => timestamp >= (messages[index - 1]?.timestamp ?? 0)))
    },
  ),

  backendCase(
    'what is handed over counts at once for the next write, and for readers when it is durable',
    async (bench) => {
      const { backend } = bench
      if (backend.capabilities.moved !== 'never') return
      const handle = await bench.direct('ada', 'bob')
      const draft = bench.draft('ada', 'under way')
      // Whoever writes has asked for the key before.
      is(await backend.find(handle, ada, draft.id), null)
      const write = backend.append(handle, 0, draft)
      same([handle.head, handle.durableHead], [1, 0])
      const seen = backend.participation(bob, handle)
      if (!(seen instanceof Promise)) is(seen, null)
      const found = await backend.find(handle, ada, draft.id)
      ok(found !== null, 'a message under way is found')
      ok(found.settled !== null || handle.durableHead === 1, 'a message under way says when it is durable')
      await found.settled
      is(handle.durableHead, 1)
      await write
      const later = await backend.find(handle, ada, draft.id)
      is(later?.settled, null)
    },
  ),

  backendCase('a message is found by its key, which is conversation, sender and id', async (bench) => {
    const { backend } = bench
    const handle = await bench.direct('ada', 'bob')
    const id = 'key' as MessageId
    const { timestamp } = await bench.send(handle, bench.draft('ada', 'text', { id, attributes: '{"a":1}' }))
    await bench.say(handle, ['bob', 'another'])
    const found = await backend.find(handle, ada, id)
    same(found, { seq: 1, timestamp, text: 'text', attributes: '{"a":1}', settled: null })
    is(await backend.find(handle, bob, id), null)
    is(await backend.find(handle, ada, 'other' as MessageId), null)
    const elsewhere = await bench.direct('ada', 'cleo')
    is(await backend.find(elsewhere, ada, id), null)
    await bench.send(handle, bench.draft('bob', 'the same id of another', { id }))
    is((await backend.find(handle, bob, id))?.seq, 3)
  }),

  backendCase('keys are found however many there are', async (bench) => {
    const handle = await bench.direct('ada', 'bob')
    const count = 1100
    const drafts = Array.from({ length: count }, (_, index) => {
      const sender = index % 2 === 0 ? 'ada' : 'bob'
      return bench.draft(sender, `t${index + 1}`, { id: `k${index + 1}` as MessageId })
    })
    // Not all at once, so that older ones come to rest.
    for (let from = 0; from < count; from += 50) await bench.sendAll(handle, drafts.slice(from, from + 50))
    for (let index = 0; index < count; index += 7) {
      const { sender, id } = drafts[index] as MessageDraft
      const found = await bench.backend.find(handle, sender, id)
      is(found?.seq, index + 1, `the key of message ${index + 1} of ${count} is not found`)
      is(await bench.backend.find(handle, sender === ada ? bob : ada, id), null)
    }
  }),

  backendCase('a write that was decided on another head stores nothing', async (bench) => {
    const { backend } = bench
    if (backend.capabilities.moved === 'never') return
    const handle = await bench.direct('ada', 'bob')
    await bench.say(handle, ['ada', 'one'], ['bob', 'two'])
    for (const stale of [0, 1, 3]) {
      await backend.load(handle, ada)
      const draft = bench.draft('ada', 'never')
      is(await backend.append(handle, stale, draft), MOVED, `append behind ${stale}`)
      is(await backend.find(handle, ada, draft.id), null)
      await backend.load(handle, ada)
      const block = { kind: 'block', blocker: ada, blocked: true } as const
      is(await backend.commit(handle, stale, block), MOVED, `commit behind ${stale}`)
    }
    await bench.settle()
    is(await backend.contact(ada, bob), null)
    await backend.load(handle, ada)
    same([handle.head, handle.durableHead], [2, 2])
    is((await bench.part('bob', handle)).head, 2)
  }),

  backendCase('a range of messages comes in either direction', async (bench) => {
    const handle = await bench.direct('ada', 'bob')
    await bench.sendAll(
      handle,
      Array.from({ length: 130 }, (_, index) => bench.draft('ada', `${index + 1}`)),
    )
    const ranges = [
      [1, 1],
      [1, 130],
      [60, 70],
      [63, 66],
      [128, 130],
      [130, 130],
      [130, 129],
    ] as const
    for (const [from, to] of ranges) {
      const up = await bench.backend.messages(handle, { from, to, descending: false })
      const down = await bench.backend.messages(handle, { from, to, descending: true })
      const expected = Array.from({ length: to - from + 1 }, (_, index) => from + index)
      same(
        up.map(({ seq, text }) => [seq, text]),
        expected.map((seq) => [seq, `${seq}`]),
      )
      same(down, up.toReversed())
    }
  }),

  backendCase('own messages are counted up to any place', async (bench) => {
    const handle = await bench.direct('ada', 'bob')
    const own = [0]
    for (let seq = 1; seq <= 70; seq += 1) {
      const byAda = seq % 3 === 0 || seq > 60
      await bench.say(handle, [byAda ? 'ada' : 'bob', 'text'])
      own.push((own[seq - 1] ?? 0) + (byAda ? 1 : 0))
    }
    for (let seq = 0; seq <= 70; seq += 1) {
      is(await bench.backend.ownCount(ada, handle, seq), own[seq])
      is(await bench.backend.ownCount(bob, handle, seq), seq - (own[seq] ?? 0))
    }
    is((await bench.part('ada', handle)).ownAtHead, own[70])
  }),

  backendCase('notes to self are a conversation of one', async (bench) => {
    const handle = await bench.direct('ada', 'ada')
    await bench.say(handle, ['ada', 'remember'], ['ada', 'this'])
    const part = await bench.part('ada', handle)
    same([part.memberCount, part.peer, part.head, part.ownAtHead], [1, 'ada', 2, 2])
    is(unreadOf(part), 0)
    same(await bench.list('ada'), [handle.id])
  }),

  backendCase('conversations of users with odd ids stay apart', async (bench) => {
    const pairs = oddIds.flatMap((a, index) => oddIds.slice(index + 1).map((b) => [a, b] as const))
    for (const [a, b] of pairs) {
      const handle = await bench.direct(a, b)
      await bench.send(handle, bench.draft(a, `${a} to ${b}`, { id: b as MessageId }))
    }
    for (const [a, b] of pairs) {
      const handle = await bench.direct(a, b)
      is(handle.head, 1)
      is((await bench.part(b, handle)).lastMessage?.text, `${a} to ${b}`)
      is((await bench.backend.find(handle, a as UserId, b as MessageId))?.seq, 1)
      is(await bench.backend.find(handle, b as UserId, a as MessageId), null)
    }
    for (const user of oddIds) is((await bench.list(user)).length, oddIds.length - 1)
  }),

  backendCase('the time of the store does not decrease from one conversation to another', async (bench) => {
    let last = 0
    for (let index = 0; index < 20; index += 1) {
      const handle = await bench.direct('ada', `friend ${index % 5}`)
      const { timestamp } = await bench.send(handle, bench.draft('ada', 'text'))
      ok(timestamp >= last)
      last = timestamp
    }
  }),
]

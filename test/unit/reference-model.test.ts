import { describe, expect, test } from 'vitest'
import type { ErrorCode } from '../../src/errors.js'
import { Disagreement } from '../../src/model-checking/compare.js'
import type { Expectation } from '../../src/model-checking/expectation.js'
import { ManualClock } from '../../src/model-checking/manual-clock.js'
import { conversationView, pageView, unread, visible } from '../../src/model-checking/model-views.js'
import type { ModelConversation } from '../../src/model-checking/model-views.js'
import { ReferenceModel } from '../../src/model-checking/reference-model.js'
import type { SendRequestShape } from '../../src/model-checking/store-under-test.js'

const start = 1_000_000

/** Answers the model as a store that keeps the contract would. */
class Script {
  readonly clock = new ManualClock(start)
  readonly model = new ReferenceModel(this.clock)
  #made = 0

  send(sender: string, to: object, text: string, id: string): void {
    const request = { sender, ...to, text, id } as SendRequestShape
    const talk =
      'conversationId' in request
        ? this.model.talk(request.conversationId)
        : this.model.direct(sender, request.receiver)
    const receipt = {
      conversationId: talk?.id ?? `d.${++this.#made}`,
      seq: (talk?.messages.length ?? 0) + 1,
      messageId: id,
      timestamp: this.clock.now(),
      duplicate: false,
    }
    value(this.model.send(request), receipt)
  }

  group(creator: string, members: readonly string[]): string {
    const id = `g${++this.#made}`
    const { size } = new Set([creator, ...members])
    value(this.model.createGroup({ creator, members, id }), groupOf(id, creator, size, creator))
    return id
  }

  row(user: string, id: string): ModelConversation {
    const talk = this.model.talk(id)
    if (talk === undefined) throw new Error('no such talk')
    return conversationView(talk, user)
  }
}

/** As calls answer with it. */
function groupOf(id: string, owner: string | null, memberCount: number, creator = 'a'): object {
  return { id, creator, owner, memberCount, createdAt: start }
}

function value<T>(expectation: Expectation<T>, answer: unknown): void {
  expect(expectation.codes).toEqual([])
  expectation.accept?.(answer as T)
}

function codes(expectation: Expectation<never>): readonly ErrorCode[] {
  expect(expectation.accept).toBeUndefined()
  return expectation.codes
}

describe('the reference model', () => {
  test('numbers messages, counts unread ones of others, and moves conversations up', () => {
    const script = new Script()
    script.send('a', { receiver: 'b' }, 'one', '1')
    script.send('a', { receiver: 'c' }, 'two', '1')
    script.send('b', { receiver: 'a' }, 'three', '1')
    const { model } = script
    expect(model.list('a').map(({ pair }) => pair)).toEqual([
      ['a', 'b'],
      ['a', 'c'],
    ])
    expect(model.unread('a')).toEqual({ total: 1, conversations: 1 })
    expect(model.unread('b')).toEqual({ total: 1, conversations: 1 })
    value(model.mark('a', { peer: 'b' }, 'read', 1), undefined)
    expect(model.unread('a').total).toBe(1)
    value(model.mark('a', { peer: 'b' }, 'read', 99), undefined)
    expect(model.unread('a').total).toBe(0)
    expect(script.row('a', 'd.1')).toMatchObject({ readSeq: 2, deliveredSeq: 2, headSeq: 2 })
  })

  test('answers a repeat whatever has changed since, and refuses other content', () => {
    const script = new Script()
    const { model } = script
    script.send('a', { receiver: 'b' }, 'one', '1')
    value(model.setBlocked('b', 'a', true), undefined)
    const again = { conversationId: 'd.1', seq: 1, messageId: '1', timestamp: start, duplicate: true }
    value(model.send({ sender: 'a', receiver: 'b', text: 'one', id: '1' }), again)
    value(model.send({ sender: 'a', conversationId: 'd.1', text: 'one', id: '1', timestamp: 7 }), again)
    expect(codes(model.send({ sender: 'a', receiver: 'b', text: 'two', id: '1' }))).toEqual([
      'IDEMPOTENCY_CONFLICT',
    ])
    expect(codes(model.send({ sender: 'a', receiver: 'b', text: 'two', id: '2' }))).toEqual(['BLOCKED'])
    expect(codes(model.send({ sender: 'c', conversationId: 'd.1', text: '' }))).toEqual(['NOT_A_MEMBER'])
    script.send('b', { receiver: 'a' }, 'the blocker may', '1')
  })

  test('shows a group from joining on, freezes it on leaving, and opens a second stretch on rejoining', () => {
    const script = new Script()
    const { model } = script
    const id = script.group('a', ['b'])
    script.send('a', { conversationId: id }, 'one', '1')
    value(model.addMembers('b', id, ['c']), groupOf(id, 'a', 3))
    expect(script.row('c', id)).toMatchObject({ lastMessage: null, headSeq: 0, unread: 0, memberCount: 3 })
    script.send('a', { conversationId: id }, 'two', '2')
    expect(script.row('c', id)).toMatchObject({ headSeq: 2, unread: 1 })
    expect(codes(model.removeMember('b', id, 'c'))).toEqual(['NOT_PERMITTED'])
    value(model.removeMember('a', id, 'c'), groupOf(id, 'a', 2))
    script.send('a', { conversationId: id }, 'three', '3')
    expect(script.row('c', id)).toMatchObject({ left: true, headSeq: 2, unread: 0, memberCount: 2 })
    expect(codes(model.send({ sender: 'c', conversationId: id, text: '' }))).toEqual(['NOT_A_MEMBER'])
    value(model.addMembers('b', id, ['c']), groupOf(id, 'a', 3))
    script.send('b', { conversationId: id }, 'four', '4')
    const talk = model.talk(id)
    expect(talk && visible(talk, 'c').map(({ seq }) => seq)).toEqual([2, 4])
    expect(talk && unread(talk, 'c')).toBe(1)
    expect(talk && pageView(talk, 'c', { before: 4 }).items.map(({ seq }) => seq)).toEqual([2])
    expect(talk && pageView(talk, 'c', { after: 0, limit: 1 })).toMatchObject({
      more: true,
      items: [{ seq: 2 }],
    })
  })

  test('lets the longest member follow the owner who leaves', () => {
    const script = new Script()
    const { model } = script
    const id = script.group('a', ['b', 'c'])
    value(model.removeMember('a', id, 'a'), groupOf(id, 'b', 2))
    expect(model.talk(id)?.owner).toBe('b')
    value(model.addMembers('c', id, ['a']), groupOf(id, 'b', 3))
    value(model.removeMember('b', id, 'b'), groupOf(id, 'c', 2))
    expect(model.talk(id)?.owner).toBe('c')
    expect(codes(model.addMembers('b', id, ['b']))).toEqual(['NOT_A_MEMBER'])
    const { accept } = model.rename('a', id, 'T')
    const told = { ...groupOf(id, 'a', 2), title: 'T' }
    expect(() => accept?.(told as never)).toThrow(/owner/)
  })

  test('refuses adding the blocker, and finds wrong answers', () => {
    const script = new Script()
    const { model } = script
    value(model.setBlocked('b', 'a', true), undefined)
    expect(codes(model.createGroup({ creator: 'a', members: ['b'] }))).toEqual(['BLOCKED'])
    script.send('a', { receiver: 'c' }, 'one', '1')
    const receipt = { conversationId: 'd.1', seq: 3, messageId: '2', timestamp: start, duplicate: false }
    const { accept } = model.send({ sender: 'a', receiver: 'c', text: 'x', id: '2' })
    expect(() => accept?.(receipt as never)).toThrow(Disagreement)
    script.clock.jump(-5)
    const early = { ...receipt, seq: 2, timestamp: start - 5 }
    expect(() => accept?.(early as never)).toThrow(/a time of the store/)
  })
})

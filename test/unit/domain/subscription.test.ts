import { getEventListeners } from 'node:events'
import { describe, expect, test } from 'vitest'
import { ReferenceBackend } from '../../../src/backend/reference/reference-backend.js'
import { ColumbaError } from '../../../src/errors.js'
import { Append } from '../../../src/domain/append.js'
import type { FeedPlace } from '../../../src/domain/feed-place.js'
import { Subscription, type SubscriptionSource } from '../../../src/domain/subscription.js'
import type { ConversationId, MessageId, UserId } from '../../../src/model/ids.js'
import type { Message } from '../../../src/model/message.js'
import type { ChangePage } from '../../../src/backend/port.js'
import type { Change } from '../../../src/model/change.js'
import { Gate } from '../../fixtures/gate.js'
import { referenceDomain, userIds } from '../../fixtures/reference-domain.js'

const [ada, bob] = userIds('ada', 'bob')

/** A backend that counts who watches, how often the feed is read, and how many messages are. */
class CountingBackend extends ReferenceBackend {
  watching = 0
  reads = 0
  messagesRead = 0
  failure: ColumbaError | undefined

  override watch(user: UserId, listener: () => void): () => void {
    this.watching += 1
    const end = super.watch(user, listener)
    return () => {
      this.watching -= 1
      end()
    }
  }

  override changes(...args: Parameters<ReferenceBackend['changes']>): ChangePage {
    this.reads += 1
    if (this.failure !== undefined) throw this.failure
    return super.changes(...args)
  }

  override messages(...args: Parameters<ReferenceBackend['messages']>): readonly Message[] {
    const messages = super.messages(...args)
    this.messagesRead += messages.length
    return messages
  }
}

function counted() {
  const backend = new CountingBackend()
  return { ...referenceDomain({ backend, limits: { subscriptionChanges: 4 } }), backend }
}

const textOf = (change: Change | undefined): string => (change?.kind === 'message' ? change.message.text : '')
const ended = { done: true, value: undefined }

describe('a subscription', () => {
  test('counts from the call, and gives everything in order', async () => {
    const { changes, send } = counted()
    await send(ada, bob, 'before')
    const subscription = changes.subscribe(bob)
    for (let index = 0; index < 20; index += 1) await send(ada, bob, `${index}`)
    const texts: string[] = []
    for await (const change of subscription) {
      texts.push(textOf(change))
      if (texts.length === 20) break
    }
    expect(texts).toEqual(Array.from({ length: 20 }, (_, index) => `${index}`))
  })

  test('keeps little for a slow consumer, however long the texts are', async () => {
    const backend = new CountingBackend()
    const { changes, send } = referenceDomain({ backend })
    const subscription = changes.subscribe(bob)
    for (let index = 0; index < 64; index += 1) await send(ada, bob, `${index}`.padEnd(64 * 1024))
    const texts: string[] = []
    for await (const change of subscription) {
      // So much of it is in memory at a time.
      expect(texts.length).toBeLessThanOrEqual(backend.reads * 8)
      texts.push(textOf(change).trimEnd())
      if (texts.length === 64) break
    }
    expect(texts).toEqual(Array.from({ length: 64 }, (_, index) => `${index}`))
    expect(backend.reads).toBe(8)
  })

  test('keeps little for a slow consumer, however large the attributes are, of messages and of the last ones of conversations', async () => {
    const backend = new CountingBackend()
    const { changes, context, groups } = referenceDomain({ backend })
    const append = new Append(context)
    const subscription = changes.subscribe(bob)
    const attributes = JSON.stringify({ all: 'ж'.repeat(8000) })
    for (let index = 0; index < 100; index += 1) {
      const id = `group ${index}` as ConversationId
      await groups.create({ id, title: undefined, creator: ada, members: [bob] })
      const draft = { sender: ada, id: 'm' as MessageId, deviceId: undefined, text: '', sentAt: undefined }
      await append.into(id, { ...draft, attributes })
    }
    const kinds: string[] = []
    for await (const { kind } of subscription) {
      // Sixteen kilobytes each: so much of it is in memory at a time.
      expect(kinds.filter((each) => each !== 'member').length).toBeLessThanOrEqual(backend.reads * 65)
      kinds.push(kind)
      if (kinds.filter((each) => each === 'message').length === 100) break
    }
    expect(kinds.filter((each) => each === 'conversation').length).toBe(100)
  })

  test('reads hardly more messages than it hands out, however long they are', async () => {
    const backend = new CountingBackend()
    const { changes, send } = referenceDomain({ backend })
    const subscription = changes.subscribe(bob)
    for (let index = 0; index < 200; index += 1) await send(ada, bob, `${index}`.padEnd(20 * 1024))
    for (let index = 0; index < 200; index += 1) await subscription.next()
    expect(backend.messagesRead).toBeLessThan(2.5 * 200)
  })

  test('goes on behind a token, then live', async () => {
    const { changes, send } = counted()
    const { token } = await changes.getChanges(bob, { limit: 100 })
    await send(ada, bob, 'stored')
    const subscription = changes.subscribe(bob, { since: token })
    const first = await subscription.next()
    expect(textOf(first.value)).toBe('stored')
    const waiting = subscription.next()
    await send(ada, bob, 'live')
    expect(textOf((await waiting).value)).toBe('live')
    const again = changes.subscribe(bob, { since: first.value?.position ?? '' })
    expect(textOf((await again.next()).value)).toBe('live')
  })

  test('several calls that wait are answered in order', async () => {
    const { changes, send } = counted()
    const subscription = changes.subscribe(bob)
    const waiting = [subscription.next(), subscription.next(), subscription.next()]
    await Promise.all([send(ada, bob, 'a'), send(ada, bob, 'b'), send(ada, bob, 'c')])
    expect((await Promise.all(waiting)).map(({ value }) => textOf(value))).toEqual(['a', 'b', 'c'])
  })

  test('a slow consumer keeps a page, not the feed, and misses nothing', async () => {
    const { changes, send, backend } = counted()
    const subscription = changes.subscribe(bob)
    const first = subscription.next()
    await send(ada, bob, '0')
    await first
    const reads = backend.reads
    for (let index = 1; index <= 30; index += 1) await send(ada, bob, `${index}`)
    expect(backend.reads).toBe(reads)
    for (let index = 1; index <= 30; index += 1)
      expect(textOf((await subscription.next()).value)).toBe(`${index}`)
  })

  test('many hints in one tick are one read', async () => {
    const { changes, send, backend } = counted()
    const subscription = changes.subscribe(bob)
    const waiting = subscription.next()
    const reads = backend.reads
    await Promise.all(Array.from({ length: 50 }, (_, index) => send(ada, bob, `${index}`)))
    await waiting
    expect(backend.reads).toBe(reads + 1)
    await subscription.return()
  })

  test('delivery does not come before the acknowledgement could be given', async () => {
    const persisting: (() => void)[] = []
    const backend = new ReferenceBackend({
      persist: () => new Promise((resolve) => persisting.push(resolve)),
    })
    const { changes, send } = referenceDomain({ backend })
    const subscription = changes.subscribe(bob)
    let delivered = false
    const waiting = subscription.next().then(() => (delivered = true))
    const sent = send(ada, bob, 'x')
    await new Promise((resolve) => setImmediate(resolve))
    expect(delivered).toBe(false)
    for (const persisted of persisting) persisted()
    await Promise.all([sent, waiting])
  })

  test('return, break, abort and closing end it and release everything', async () => {
    for (const how of ['return', 'abort', 'close'] as const) {
      const { changes, context, backend } = counted()
      const controller = new AbortController()
      const subscription = changes.subscribe(bob, { signal: controller.signal })
      const waiting = [subscription.next(), subscription.next()]
      expect(backend.watching).toBe(1)
      expect(getEventListeners(controller.signal, 'abort')).toHaveLength(1)
      if (how === 'return') await subscription.return()
      if (how === 'abort') controller.abort()
      if (how === 'close') await context.lifecycle.close(() => backend.close())
      expect(await Promise.all(waiting)).toEqual([ended, ended])
      expect(await subscription.next()).toEqual(ended)
      expect(backend.watching).toBe(0)
      expect(getEventListeners(controller.signal, 'abort')).toHaveLength(0)
    }
    const { changes, send, backend } = counted()
    const subscription = changes.subscribe(bob)
    await send(ada, bob, 'x')
    for await (const change of subscription) {
      expect(textOf(change)).toBe('x')
      break
    }
    expect(backend.watching).toBe(0)
  })

  test('however many end with one signal, it has one listener', async () => {
    const { changes, backend } = counted()
    const controller = new AbortController()
    const { signal } = controller
    const all = Array.from({ length: 20 }, () => changes.subscribe(bob, { signal }))
    const waiting = all.map((subscription) => subscription.next())
    expect(getEventListeners(signal, 'abort')).toHaveLength(1)
    await Promise.all(all.slice(0, 5).map((subscription) => subscription.return()))
    expect(getEventListeners(signal, 'abort')).toHaveLength(1)
    controller.abort()
    expect(await Promise.all(waiting)).toEqual(waiting.map(() => ended))
    expect(getEventListeners(signal, 'abort')).toHaveLength(0)
    expect(backend.watching).toBe(0)
  })

  test('one that nobody iterates holds nothing', async () => {
    const { changes, backend, context } = counted()
    const controller = new AbortController()
    const subscription = changes.subscribe(bob, { signal: controller.signal })
    expect(backend.watching).toBe(0)
    expect(getEventListeners(controller.signal, 'abort')).toHaveLength(0)
    await context.lifecycle.close(() => backend.close())
    expect(await subscription.next()).toEqual(ended)
  })

  test('a signal that was aborted before ends it at once, also with changes at hand', async () => {
    const { changes, send } = counted()
    const aborted = changes.subscribe(bob, { signal: AbortSignal.abort() })
    expect(await aborted.next()).toEqual(ended)
    const controller = new AbortController()
    const subscription = changes.subscribe(bob, { signal: controller.signal })
    await Promise.all([send(ada, bob, 'a'), send(ada, bob, 'b')])
    expect(textOf((await subscription.next()).value)).toBe('a')
    controller.abort()
    expect(await subscription.next()).toEqual(ended)
  })

  test('an unusable token rejects the first next, and then it is over', async () => {
    const { changes } = counted()
    const subscription = changes.subscribe(bob, { since: 'garbage' })
    await expect(subscription.next()).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    expect(await subscription.next()).toEqual(ended)
  })

  test('one that was ended before its first next does not reject for an unusable token', async () => {
    const { changes } = counted()
    const subscription = changes.subscribe(bob, { since: 'garbage' })
    await subscription.return()
    expect(await subscription.next()).toEqual(ended)
    const aborted = changes.subscribe(bob, { since: 'garbage', signal: AbortSignal.abort() })
    expect(await aborted.next()).toEqual(ended)
  })

  test('a feed that cannot be read rejects who waits, and then it is over', async () => {
    const { changes, send, backend } = counted()
    const subscription = changes.subscribe(bob)
    const waiting = [subscription.next(), subscription.next()]
    backend.failure = new ColumbaError('RESYNC_REQUIRED', 'too old')
    await send(ada, bob, 'x')
    await expect(waiting[0]).rejects.toMatchObject({ code: 'RESYNC_REQUIRED' })
    expect(await waiting[1]).toEqual(ended)
    expect(backend.watching).toBe(0)
  })

  test('what comes while a page is read is told, though that page has nothing of it', async () => {
    const place = { position: 0, within: undefined } as FeedPlace
    const page = new Gate()
    const change = { kind: 'message' } as Change
    let reads = 0
    let hint = (): void => undefined
    const source: SubscriptionSource = {
      startsBehind: false,
      start: () => place,
      turn: () => null,
      async read() {
        if (++reads > 1) return { changes: [change], place, more: false }
        await page.opened
        return { changes: [], place, more: false }
      },
      watch(listener) {
        hint = listener
        return () => undefined
      },
      onClosing: () => () => undefined,
      isOpen: () => true,
    }
    const told: unknown[] = []
    void new Subscription(source, undefined).next().then((next) => told.push(next))
    hint()
    page.open()
    await new Promise((resolve) => setImmediate(resolve))
    expect(told).toEqual([{ done: false, value: change }])
    expect(reads).toBe(2)
  })

  test('a thousand subscribers each get what is theirs', async () => {
    const { changes, send, backend } = counted()
    const users = Array.from({ length: 1000 }, (_, index) => `user-${index}` as UserId)
    const subscriptions = users.map((user) => changes.subscribe(user))
    const waiting = subscriptions.map((subscription) => subscription.next())
    await Promise.all(users.map((user) => send(ada, user, `to ${user}`)))
    const got = await Promise.all(waiting)
    expect(got.map(({ value }) => textOf(value))).toEqual(users.map((user) => `to ${user}`))
    await Promise.all(subscriptions.map((subscription) => subscription.return()))
    expect(backend.watching).toBe(0)
  })
})

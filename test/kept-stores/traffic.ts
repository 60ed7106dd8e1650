import type { MessageStore } from '../../src/api/message-store.js'
import type { SendRequest } from '../../src/api/send-arguments.js'
import type { SendReceipt } from '../../src/model/message.js'

/** One whose id has a zero, one of many bytes per letter, one that is as long as an id may be. */
const zero = 'a\0b'
const emoji = 'ü€😀'
const long = 'z'.repeat(256)
export const users: readonly string[] = ['ann', 'ben', 'cem', 'dan', 'eva', zero, emoji, long]
export const registered: readonly string[] = ['ann', emoji]
/** Each with somebody who is in it. */
export const groups: Readonly<Record<string, string>> = { small: 'ann', quiet: 'ben', large: 'ann' }

type Sent = (request: SendRequest, receipt: SendReceipt) => void

/** What goes on in a store that is kept: everything that leaves records or rows of a kind of its own. */
export class Traffic {
  readonly #store: MessageStore
  readonly #onSent: Sent

  constructor(store: MessageStore, onSent: Sent) {
    this.#store = store
    this.#onSent = onSent
  }

  async #send(request: SendRequest): Promise<void> {
    this.#onSent(request, await this.#store.sendMessage(request))
  }

  async #direct(sender: string, receiver: string, count: number, name: string): Promise<void> {
    for (let n = 1; n <= count; n++)
      await this.#send({ sender, receiver, id: `${name}${n}`, text: `${name} ${n}` })
  }

  async #into(sender: string, conversationId: string, count: number, name: string): Promise<void> {
    for (let n = 1; n <= count; n++)
      await this.#send({ sender, conversationId, id: `${name}${n}`, text: `${name} ${n}` })
  }

  /** Messages in all forms that a body has. */
  async #bodies(): Promise<void> {
    const pair = { sender: emoji, receiver: 'ann' }
    await this.#send({ ...pair, id: 'plain', text: '' })
    await this.#send({ ...pair, id: 'device', deviceId: 'phone', text: 'from a phone 😀' })
    await this.#send({ ...pair, id: 'sent', timestamp: 1_600_000_000_000, text: 'with a time' })
    await this.#send({ ...pair, id: 'far', timestamp: 2 ** 50, text: 'from far away' })
    await this.#send({
      ...pair,
      id: 'attributes',
      text: 'a',
      attributes: { b: [1, null, 'é'], a: { c: 2.5 } },
    })
    await this.#send({ ...pair, timestamp: 1_600_000_000_001, deviceId: 'phone', text: 'a derived id' })
    await this.#send({ ...pair, timestamp: 3, deviceId: 'd'.repeat(256), text: 'a long derived id' })
    await this.#send({ ...pair, id: `~.${'m'.repeat(254)}`, text: 'as long as an id may be, and one more' })
    await this.#send({ ...pair, id: '~~.x', text: 'as if it were derived' })
    await this.#send({ ...pair, text: 'an id of the store' })
    await this.#send({ sender: 'cem', receiver: 'ben', id: 'heavy', text: 'too long for a list '.repeat(60) })
  }

  async begin(): Promise<void> {
    const store = this.#store
    await store.users.register({ id: 'ann', name: 'Ann', profile: { color: 'red' } })
    await store.users.register({ id: emoji, name: 'Ü' })
    await store.contacts.add('ann', 'ben', { alias: 'Benny' })
    await store.contacts.add('ann', emoji)
    await this.#direct('ann', 'ben', 6, 'hello ')
    await this.#direct('ben', 'ann', 4, 'hi ')
    await store.markRead('ann', { peer: 'ben' }, 8)
    await store.markDelivered('ben', { peer: 'ann' }, 5)
    await this.#bodies()
    await this.#direct('ann', 'ann', 2, 'note ')
    await this.#direct(zero, long, 2, 'zero ')
    await store.markRead('ann', { peer: 'ann' })
    await store.contacts.block('ben', 'cem')
    await store.contacts.block('dan', 'eva')
    await store.groups.create({ id: 'small', creator: 'ann', members: ['ben', 'cem'], title: 'Small' })
    await this.#into('ann', 'small', 3, 'small ')
    await this.#into('ben', 'small', 2, 'tiny ')
    await store.markRead('cem', 'small', 4)
    await store.groups.removeMember('cem', 'small', 'cem')
    await this.#into('ann', 'small', 2, 'unseen ')
    await store.groups.create({ id: 'quiet', creator: 'ben', members: ['dan'] })
    await store.groups.create({ id: 'large', creator: 'ann', members: ['ben', 'cem'] })
    await this.#into('ben', 'large', 2, 'not yet ')
  }

  async goOn(): Promise<void> {
    const store = this.#store
    await store.users.update('ann', { name: 'Anne' })
    await store.contacts.remove('ann', emoji)
    await store.contacts.unblock('dan', 'eva')
    await store.contacts.block('ann', long)
    await this.#direct('ben', 'ann', 3, 'again ')
    await this.#direct('dan', 'eva', 2, 'new ')
    await store.contacts.block('eva', 'dan')
    await store.markRead('ann', { peer: 'ben' })
    await store.markDelivered('eva', { peer: 'dan' }, 1)
    await store.groups.addMembers('ann', 'small', ['cem'])
    await this.#into('cem', 'small', 2, 'back ')
    await store.markRead('ben', 'small')
    await store.groups.create({ id: 'passing', creator: 'eva', members: [zero] })
    await store.groups.removeMember('eva', 'passing', zero)
    await store.groups.addMembers('ann', 'large', ['dan', 'eva'])
    await this.#into('eva', 'large', 3, 'crowd ')
    await store.groups.removeMember('ann', 'large', 'ben')
    await this.#into('ann', 'large', 2, 'gone ')
    await store.groups.rename('ann', 'large', 'Large')
    await store.markRead('dan', 'large', 4)
    await this.#direct(long, zero, 2, 'one ')
    await this.#direct('ann', 'ben', 2, 'bye ')
  }

  /** So little that it stays in memory. */
  async end(): Promise<void> {
    await this.#direct('cem', 'ann', 1, 'last ')
    await this.#store.markRead('ann', { peer: 'ben' })
  }
}

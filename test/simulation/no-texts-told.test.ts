import { expect, test } from 'vitest'
import type { MessageStore } from '../../src/api/message-store.js'
import type { LoggedFacts, Logger } from '../../src/backend/settings.js'
import { ColumbaError, errorKinds } from '../../src/errors.js'
import { checkOptions } from '../../src/api/options.js'
import type { Faults } from '../../src/simulation/faults.js'
import { location, SimulatedWorld } from '../../src/simulation/simulated-world.js'
import { directConversationId } from '../../src/model/direct-conversation-id.js'

// What errors and the logger tell of is for programs, and is kept in places that no text may get into. Texts, and all that is
// as private as they are, have one mark here, ids have another.

const text = 'a text of theirs'
const id = (name: string): string => `theirs-${name}`
const [ann, ben, cy, group] = ['ann', 'ben', 'cy', 'group'].map(id) as [string, string, string, string]
const direct = directConversationId(ann, ben)
const attributes = { [text]: [text] }
const message = { sender: ann, receiver: ben, text, id: id('message'), attributes }

const unreadable = {
  get [text](): string {
    throw new Error(text)
  },
}
const fresh = { ...message, id: id('fresh') }

/** Calls that are refused, by what they are refused with. */
const refused: readonly [code: string, call: (store: MessageStore, token: string) => Promise<unknown>][] = [
  ['INVALID_ARGUMENT', (store) => store.sendMessage({ ...message, text: `${text}\ud800` })],
  ['INVALID_ARGUMENT', (store) => store.sendMessage({ ...message, id: `${ann}\ud800` })],
  ['INVALID_ARGUMENT', (store) => store.sendMessage({ ...message, attributes: { [text]: Number.NaN } })],
  ['INVALID_ARGUMENT', (store) => store.sendMessage({ ...message, attributes: { [text]: `${text}\ud800` } })],
  ['INVALID_ARGUMENT', (store) => store.sendMessage({ ...message, attributes: unreadable })],
  ['INVALID_ARGUMENT', (store) => store.sendMessage({ ...message, timestamp: text as never })],
  ['INVALID_ARGUMENT', (store) => store.getMessages(ann, direct, { cursor: text })],
  ['INVALID_ARGUMENT', (store) => store.getConversations(ann, { cursor: text })],
  ['INVALID_ARGUMENT', (store) => store.getChanges(ann, { since: text })],
  ['INVALID_ARGUMENT', (store) => store.users.update(ann, { profile: { [text]: text, not: Infinity } })],
  ['INVALID_ARGUMENT', (store) => store.groups.rename(ann, direct, text)],
  ['TOO_LARGE', (store) => store.sendMessage({ ...fresh, text: text.repeat(100) })],
  ['TOO_LARGE', (store) => store.sendMessage({ ...fresh, attributes: [text, text.repeat(100)] })],
  ['TOO_LARGE', (store) => store.sendMessage({ ...fresh, attributes: [text, [[[[text]]]]] })],
  ['TOO_LARGE', (store) => store.users.update(ann, { profile: text.repeat(100) })],
  ['TOO_LARGE', (store) => store.groups.rename(ann, group, text.repeat(100))],
  ['TOO_LARGE', (store) => store.contacts.add(ann, ben, { alias: text.repeat(100) })],
  ['TOO_LARGE', (store) => store.groups.addMembers(ann, group, ['1', '2', '3'])],
  ['USER_NOT_FOUND', (store) => store.users.update(id('nobody'), { name: text })],
  ['MESSAGE_NOT_FOUND', (store) => store.getMessage(ann, direct, 7)],
  ['NOT_A_MEMBER', (store) => store.sendMessage({ sender: cy, conversationId: direct, text })],
  ['NOT_PERMITTED', (store) => store.groups.removeMember(ben, group, ann)],
  ['BLOCKED', (store) => store.sendMessage({ ...message, sender: cy, receiver: ann })],
  ['BLOCKED', (store) => store.groups.create({ creator: cy, members: [ann], title: text })],
  ['IDEMPOTENCY_CONFLICT', (store) => store.sendMessage({ ...message, text: `${text}!` })],
  [
    'IDEMPOTENCY_CONFLICT',
    (store) => store.groups.create({ creator: ann, members: [], id: group, title: text }),
  ],
  ['USER_EXISTS', (store) => store.users.register({ id: ann, name: `${text}!` })],
  ['RESYNC_REQUIRED', (store, token) => store.getChanges(ann, { since: token })],
]

/** What an opening finds that is another kind of store has its own tests, and can only be numbers. */
const everyCode = Object.keys(errorKinds).filter((code) => code !== 'INCOMPATIBLE')

/** A world whose logger and errors are kept. */
class Listened implements Faults, Logger {
  readonly told: unknown[] = []
  readonly errors: ColumbaError[] = []
  failing = false
  readonly world: SimulatedWorld

  constructor(seed: number) {
    const limits = {
      textBytes: 1000,
      attributesBytes: 1000,
      attributesDepth: 4,
      groupMembers: 4,
      queueCalls: 20,
    }
    const { settings } = checkOptions({ location, limits, shards: 1 })
    const tuning = {
      generationBytes: 16 * 1024,
      segmentBytes: 64 * 1024,
      checkpointBytes: 16 * 1024,
      spareBytes: 1 << 20,
    }
    this.world = new SimulatedWorld({ seed, faults: this, settings, tuning, logger: this })
  }

  next: Faults['next'] = (operation) =>
    this.failing && operation === 'sync' ? { kind: 'error', code: 'EIO' } : null

  info = (what: string, facts: LoggedFacts): void => void this.told.push(what, facts)
  warn = this.info
  error = this.info

  /** What a call comes to; its error is kept. */
  async ask<T>(call: Promise<T>): Promise<T | ColumbaError> {
    try {
      return await this.world.settle(call)
    } catch (error) {
      if (!(error instanceof ColumbaError)) throw error
      this.errors.push(error)
      return error
    }
  }
}

test('no error tells a text, and the logger neither a text nor an id', async () => {
  const other = new Listened(2)
  const elsewhere = (await other.ask(other.world.open())) as MessageStore
  const { token } = (await other.ask(elsewhere.getChanges(ann))) as { token: string }

  const here = new Listened(1)
  const open = async (): Promise<MessageStore> => (await here.ask(here.world.open())) as MessageStore
  let store = await open()
  await here.ask(store.users.register({ id: ann, name: text, profile: attributes }))
  await here.ask(store.sendMessage(message))
  await here.ask(store.groups.create({ creator: ann, members: [ben], id: group, title: text }))
  await here.ask(store.contacts.add(ann, ben, { alias: text }))
  await here.ask(store.contacts.block(ann, cy))
  expect(here.errors).toEqual([])
  for (const [code, call] of refused) expect(await here.ask(call(store, token))).toMatchObject({ code })

  const sends = (from: number, to: number): Promise<unknown>[] =>
    Array.from({ length: to - from }, (_, n) => store.sendMessage({ ...message, id: id(`${from + n}`) }))
  // Too many at once, a second handle, and a disk that is full for a while.
  await here.ask(Promise.all(sends(0, 50)))
  await here.ask(open())
  for (let n = 50; n < 200; n += 10) await here.ask(Promise.all(sends(n, n + 10)))
  here.world.freeBytes = 0
  await here.ask(store.admin.checkpoint())
  await here.ask(store.sendMessage({ ...message, id: id('no room') }))
  here.world.freeBytes = 2 ** 40
  await here.world.quiet()
  await here.ask(store.close())
  await here.ask(store.getUnread(ann))
  store = await open()
  // A log that fails, with a torn end, and body files that are damaged.
  here.failing = true
  await here.ask(store.sendMessage({ ...message, id: id('unknown') }))
  await here.ask(store.sendMessage({ ...message, id: id('poisoned') }))
  here.failing = false
  here.world.restart(0.5)
  for (const [path, file] of here.world.disk.files())
    if (path.includes('/bodies/')) file.write(Buffer.alloc(file.size, text), 4096)
    else if (path.includes('/log/')) file.write(Buffer.alloc(100, text), file.size)
  store = await open()
  await here.ask(store.getMessages(ann, direct, { after: 0 }))
  await here.ask(store.close())

  const details = here.errors.map((error) => JSON.stringify([error.code, error.details]))
  expect(new Set(here.errors.map(({ code }) => code))).toEqual(new Set(everyCode))
  expect(details.filter((told) => told.includes(text))).toEqual([])
  const told = JSON.stringify(here.told)
  expect(told).not.toContain(text)
  expect(told).not.toContain(id(''))
  for (const heard of ['nearly full', 'room on the disk again', 'log has failed', 'torn end', 'is closed'])
    expect(told).toContain(heard)
})

import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { MessageStore } from '../../src/api/message-store.js'
import { checkUser } from '../../src/model-checking/check-user.js'
import { outcomeOf, reconcile } from '../../src/model-checking/expectation.js'
import type { Outcome } from '../../src/model-checking/expectation.js'
import { ReferenceModel } from '../../src/model-checking/reference-model.js'
import type { SendRequestShape } from '../../src/model-checking/store-under-test.js'
import type { Message, SendReceipt } from '../../src/model/message.js'
import { eventualStore, localStore, referenceStore } from './stores.js'
import type { OpenTestStore } from './stores.js'
import { holds, verdict } from './verdict.js'

const group = 'group'
const users = ['a', 'a\0', 'b'] as const
const earlier = 4

type User = (typeof users)[number]

/** What happens at the same time as all the rest; the scheduler decides when it starts and when its writes end. */
type Deed =
  | { readonly kind: 'send'; readonly user: User; readonly id: number; readonly text: number }
  | { readonly kind: 'mark'; readonly user: User; readonly by: 'read' | 'delivered'; readonly seq: number }
  | { readonly kind: 'read'; readonly user: User }

const user = fc.constantFrom(...users)
const deed: fc.Arbitrary<Deed> = fc.oneof(
  // Few ids and texts: many are repeats in flight, some with other content.
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('send'), user, id: fc.nat(3), text: fc.nat(1) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('mark'),
      user,
      by: fc.constantFrom('read', 'delivered'),
      seq: fc.integer({ min: 1, max: earlier }),
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('read'), user }) },
)

/** A look at the conversation: what was acknowledged before it began, and what it showed. */
interface Look {
  readonly acknowledged: number
  readonly messages: readonly Message[]
  readonly user: User
}

interface Run {
  readonly sends: { readonly request: SendRequestShape; outcome: Outcome<SendReceipt> | undefined }[]
  readonly looks: Look[]
  highest: number
}

async function perform(store: MessageStore, run: Run, chosen: Deed, settledViews: boolean): Promise<void> {
  if (chosen.kind === 'send') {
    const request = requestOf(chosen)
    const send: Run['sends'][number] = { request, outcome: undefined }
    run.sends.push(send)
    const outcome = await outcomeOf(store.sendMessage(request))
    send.outcome = outcome
    if ('value' in outcome) run.highest = Math.max(run.highest, outcome.value.seq)
  } else if (chosen.kind === 'mark') {
    if (chosen.by === 'read') await store.markRead(chosen.user, group, chosen.seq)
    else await store.markDelivered(chosen.user, group, chosen.seq)
  } else {
    const acknowledged = settledViews ? run.highest : earlier
    const { items } = await store.getMessages(chosen.user, group, { limit: 1000 })
    run.looks.push({ acknowledged, messages: items.toReversed(), user: chosen.user })
    const row = await store.getConversation(chosen.user, group)
    expect(row?.unread).toBeLessThanOrEqual(row?.headSeq ?? 0)
    expect(row?.readSeq).toBeLessThanOrEqual(row?.deliveredSeq ?? 0)
    expect(row?.lastMessage?.seq).toBe(row?.headSeq)
  }
}

function requestOf({ user: sender, id, text }: Deed & { readonly kind: 'send' }): SendRequestShape {
  return { sender, conversationId: group, text: `text ${text}`, id: `id ${id}` }
}

async function begin(store: MessageStore, model: ReferenceModel): Promise<void> {
  const create = { creator: users[0], members: users, id: group }
  reconcile('create', model.createGroup(create), await outcomeOf(store.groups.create(create)))
  for (let seq = 1; seq <= earlier; seq++) {
    const request = { sender: users[0], conversationId: group, text: 'earlier', id: `earlier ${seq}` }
    reconcile('send', model.send(request), await outcomeOf(store.sendMessage(request)))
  }
}

/** Sends count in the order of the calls; the marks only rise, so their order does not matter. */
function replay(model: ReferenceModel, run: Run, deeds: readonly Deed[]): void {
  for (const { request, outcome } of run.sends) {
    if (outcome === undefined) throw new Error('a send never ended')
    reconcile(JSON.stringify(request), model.send(request), outcome)
  }
  for (const chosen of deeds) {
    if (chosen.kind === 'mark') model.mark(chosen.user, group, chosen.by, chosen.seq).accept?.(undefined)
  }
}

async function interleave(
  open: OpenTestStore,
  scheduler: fc.Scheduler,
  deeds: readonly Deed[],
): Promise<void> {
  const scheduled = { on: false }
  const persist = async (): Promise<void> => {
    if (scheduled.on) await scheduler.schedule(Promise.resolve(), 'persist')
  }
  const { store, clock, settle, atOnce, destroy } = await open(persist)
  const model = new ReferenceModel(clock)
  const run: Run = { sends: [], looks: [], highest: earlier }
  await begin(store, model)
  await settle()
  scheduled.on = true
  const all = deeds.map(async (chosen) => {
    await scheduler.schedule(Promise.resolve(), chosen.kind)
    await perform(store, run, chosen, atOnce)
  })
  await scheduler.waitFor(Promise.all(all))
  scheduled.on = false
  await settle()
  replay(model, run, deeds)
  for (const one of users) await checkUser(store, model, one)
  const { items } = await store.getMessages('b', group, { limit: 1000 })
  checkLooks(run.looks, items.toReversed())
  await store.close()
  await destroy?.()
}

/** Each look shows a beginning of the final conversation that has all that was acknowledged before it. */
function checkLooks(looks: readonly Look[], final: readonly Message[]): void {
  for (const { acknowledged, messages } of looks) {
    expect(messages).toEqual(final.slice(0, messages.length))
    expect(messages.length).toBeGreaterThanOrEqual(acknowledged)
  }
}

describe('whatever happens at once', () => {
  test.each([
    { name: 'the reference backend', open: referenceStore, numRuns: 300 },
    { name: 'the eventual backend', open: eventualStore, numRuns: 200 },
    { name: 'the local backend', open: localStore, numRuns: 25 },
  ])('over $name', async ({ open, numRuns }) => {
    const deeds = fc.array(deed, { minLength: 2, maxLength: 14, size: 'max' })
    const property = fc.asyncProperty(fc.scheduler(), deeds, (scheduler, chosen) =>
      interleave(open, scheduler, chosen),
    )
    expect(await verdict(fc.check(property, { numRuns, interruptAfterTimeLimit: 30_000 }))).toBe(holds)
  })
})

import type { Arbitrary } from 'fast-check'
import { expectCall, outcomeOf, reconcile } from '../expectation.js'
import type { Talk, ToldMessage } from '../model-state.js'
import type { SendRequestShape } from '../store-under-test.js'
import type { FastCheck, World } from '../world.js'
import { attributeValues, given, nastyIds, pick, texts } from '../world.js'
import type { ChatCommand, Stage } from './command.js'
import { choices, command, everyoneIn, pickRef } from './command.js'

export interface SendArgs {
  readonly sender: number
  readonly target: number
  readonly text: number
  readonly attributes: number
  /** Which kind of id: own, derived, or one that the store makes, for want of a time, a device or both. */
  readonly id: number
}

export function sendArgs(fc: FastCheck): Arbitrary<SendArgs> {
  const number = fc.nat(choices)
  return fc.record({ sender: number, target: number, text: number, attributes: number, id: number })
}

export function requestOf(
  stage: Stage,
  { sender: from, target, text, attributes, id }: SendArgs,
): SendRequestShape {
  const { world } = stage
  const sender = pick(world.users, from)
  const ref =
    target % 2 === 0 ? { peer: pick(world.users, target >> 1) } : pickRef(stage, sender, target >> 1)
  return given({
    sender,
    ...(typeof ref === 'string' ? { conversationId: ref } : { receiver: ref.peer }),
    text: pick(texts, text),
    attributes: pick(attributeValues, attributes),
    ...identityOf(id),
  })
}

function identityOf(id: number): Pick<SendRequestShape, 'id' | 'timestamp' | 'deviceId'> {
  const timestamp = (id >> 3) % 4
  const deviceId = pick(nastyIds, id >> 5)
  switch (id % 8) {
    case 0:
      return {}
    case 1:
      return { timestamp, deviceId }
    case 2:
      return { deviceId }
    case 3:
      return { timestamp }
    default:
      return given({
        id: pick(nastyIds, id >> 3) + ((id >> 7) % 4),
        timestamp: id % 3 === 0 ? id : undefined,
      })
  }
}

/** Sends, and answers everyone in the conversation, whether or not it was new. */
export async function sendAndExpect({ model, real }: Stage, request: SendRequestShape): Promise<string[]> {
  await expectCall(`sendMessage(${JSON.stringify(request)})`, model.send(request), () =>
    real.store.sendMessage(request),
  )
  // Across conversations, a backend with late projections keeps the order only of what was visible before.
  await real.settle()
  return touchedBy({ model }, request)
}

function touchedBy({ model }: Pick<Stage, 'model'>, request: SendRequestShape): string[] {
  const talk: Talk | undefined =
    'receiver' in request
      ? model.direct(request.sender, request.receiver)
      : model.talk(request.conversationId)
  return [...everyoneIn(talk), request.sender]
}

export function sendCommand(fc: FastCheck, world: World): Arbitrary<ChatCommand> {
  return sendArgs(fc).map((args) =>
    command('send', world, args, (stage) => sendAndExpect(stage, requestOf(stage, args))),
  )
}

/** A message that was told, as its sender would send it again. */
function again({ model }: Stage, n: number): SendRequestShape | undefined {
  const told: [Talk, ToldMessage][] = model.talks.flatMap((talk) =>
    talk.messages.map((message): [Talk, ToldMessage] => [talk, message]),
  )
  if (told.length === 0) return undefined
  const [talk, message] = pick(told, n >> 1)
  const { sender, text, attributes, id, deviceId, sentAt } = message
  const receiver = talk.pair?.find((user) => user !== sender) ?? talk.pair?.[0]
  const to = receiver === undefined || n % 2 === 0 ? { conversationId: talk.id } : { receiver }
  const identity = message.given ? { id, timestamp: n } : { deviceId, timestamp: sentAt }
  return given({ sender, ...to, text, attributes, ...identity })
}

/** The same key with the same content, by the conversation or by the receiver; the clock of the phone went on. */
export function retryCommand(fc: FastCheck, world: World): Arbitrary<ChatCommand> {
  return fc.record({ which: fc.nat(choices) }).map((args) =>
    command('retry', world, args, async (stage) => {
      const request = again(stage, args.which)
      return request === undefined ? undefined : sendAndExpect(stage, request)
    }),
  )
}

/** The same key with another text or other attributes. */
export function retryOtherCommand(fc: FastCheck, world: World): Arbitrary<ChatCommand> {
  return fc.record({ which: fc.nat(choices), attributes: fc.boolean() }).map((args) =>
    command('retryWithOtherContent', world, args, async (stage) => {
      const request = again(stage, args.which)
      if (request === undefined) return undefined
      const other = args.attributes ? { attributes: { other: args.which } } : { text: `${request.text}!` }
      return sendAndExpect(stage, { ...request, ...other })
    }),
  )
}

/** The same message several times at once, and once with other content: one is stored, and the others learn of it. */
export function twinsCommand(fc: FastCheck, world: World): Arbitrary<ChatCommand> {
  return fc
    .record({ send: sendArgs(fc), twins: fc.integer({ min: 2, max: 4 }), conflict: fc.boolean() })
    .map((args) =>
      command('twins', world, args, async (stage) => {
        const request: SendRequestShape = { ...requestOf(stage, args.send), id: `twin ${args.send.id}` }
        const requests = Array.from({ length: args.twins }, () => request)
        if (args.conflict) requests.push({ ...request, text: `${request.text}?` })
        return sendTogether(stage, requests)
      }),
    )
}

/** Different messages to one conversation at once: they are numbered in the order of the calls. */
export function burstCommand(fc: FastCheck, world: World): Arbitrary<ChatCommand> {
  return fc
    .record({ target: fc.nat(choices), sends: fc.array(sendArgs(fc), { minLength: 2, maxLength: 6 }) })
    .map((args) =>
      command('burst', world, args, async (stage) => {
        if (stage.model.talks.length === 0) return undefined
        const conversationId = pick(stage.model.talks, args.target).id
        const members = everyoneIn(stage.model.talk(conversationId))
        const requests = args.sends.map((send): SendRequestShape => {
          const { text, ...rest } = requestOf(stage, send)
          const { id, timestamp, deviceId, attributes } = rest
          return given({
            sender: pick(members, send.sender),
            conversationId,
            text,
            id,
            timestamp,
            deviceId,
            attributes,
          })
        })
        return sendTogether(stage, requests)
      }),
    )
}

/** All at once, in this order; the model takes the outcomes in the order of the calls. */
async function sendTogether(stage: Stage, requests: readonly SendRequestShape[]): Promise<string[]> {
  const { model, real } = stage
  const outcomes = await Promise.all(requests.map((request) => outcomeOf(real.store.sendMessage(request))))
  for (const [index, outcome] of outcomes.entries()) {
    const request = pick(requests, index)
    reconcile(`sendMessage(${JSON.stringify(request)}), one of several`, model.send(request), outcome)
  }
  return requests.flatMap((request) => touchedBy(stage, request))
}

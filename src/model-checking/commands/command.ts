import type { AsyncCommand } from 'fast-check'
import { show } from '../compare.js'
import type { Harness } from '../harness.js'
import type { Talk } from '../model-state.js'
import type { ReferenceModel } from '../reference-model.js'
import type { ConversationRef } from '../store-under-test.js'
import type { World } from '../world.js'
import { pick } from '../world.js'

export type ChatCommand = AsyncCommand<ReferenceModel, Harness>

/** The parts that the steps of a command work with. */
export interface Stage {
  readonly model: ReferenceModel
  readonly real: Harness
  readonly world: World
}

/**
 * A command that does its step and answers whom it touched; afterwards everything that these users see is held against
 * the model. Steps choose what they work on by number at run time, so that every sequence of commands makes sense.
 */
export function command<Args extends object>(
  name: string,
  world: World,
  args: Args,
  step: (stage: Stage, args: Args) => Promise<Iterable<string> | undefined>,
): ChatCommand {
  return {
    check: () => true,
    async run(model, real) {
      const touched = await step({ model, real, world }, args)
      if (touched !== undefined) await real.check(model, touched)
    },
    toString: () => `${name}${show(args)}`,
  }
}

/** Mostly a conversation of the user; sometimes one of others, one that does not exist, or one named by the peer. */
export function pickRef({ model, world }: Stage, user: string, n: number): ConversationRef {
  const own = model.list(user)
  if (n % 7 === 0) return { peer: pick(world.users, n >> 3) }
  if (n % 11 === 0) return 'no such conversation'
  if (n % 5 === 0 && model.talks.length > 0) return pick(model.talks, n >> 3).id
  return own.length === 0 ? { peer: pick(world.users, n >> 3) } : pick(own, n >> 3).id
}

/** Mostly a group of the user. */
export function pickGroup({ model }: Stage, user: string, n: number): Talk | undefined {
  const groups = model.talks.filter(({ kind }) => kind === 'group')
  const own = groups.filter((talk) => talk.members.has(user))
  const from = own.length > 0 && n % 5 !== 0 ? own : groups
  return from.length === 0 ? undefined : pick(from, n >> 3)
}

/** Commands choose what they work on by numbers from 0 to this: users, conversations and the like, by `pick`. */
export const choices = 1 << 12

export function everyoneIn(talk: Talk | undefined): string[] {
  return talk === undefined ? [] : [...talk.members.keys()]
}

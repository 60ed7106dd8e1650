import type { Arbitrary } from 'fast-check'
import { expectCall } from '../expectation.js'
import type { FastCheck, World } from '../world.js'
import { pick } from '../world.js'
import type { ChatCommand, Stage } from './command.js'
import { choices, command, everyoneIn, pickRef } from './command.js'

export interface MarkArgs {
  readonly user: number
  readonly target: number
  readonly by: 'read' | 'delivered'
  /** Undefined: the head at the call. Beyond the head: clamped. */
  readonly seq: number | undefined
}

export function markArgs(fc: FastCheck): Arbitrary<MarkArgs> {
  return fc.record({
    user: fc.nat(choices),
    target: fc.nat(choices),
    by: fc.constantFrom('read', 'delivered'),
    seq: fc.option(fc.nat(12), { nil: undefined }),
  })
}

export async function markAndExpect(stage: Stage, { user: n, target, by, seq }: MarkArgs): Promise<string[]> {
  const { model, real, world } = stage
  const user = pick(world.users, n)
  const ref = pickRef(stage, user, target)
  const what = `mark ${by}(${JSON.stringify([user, ref, seq])})`
  const deliveredSeq = seq ?? 1000
  if (by === 'delivered') {
    await expectCall(what, model.mark(user, ref, by, deliveredSeq), () =>
      real.store.markDelivered(user, ref, deliveredSeq),
    )
  } else {
    await expectCall(what, model.mark(user, ref, by, seq), () =>
      seq === undefined ? real.store.markRead(user, ref) : real.store.markRead(user, ref, seq),
    )
  }
  await real.settle()
  return [user, ...everyoneIn(model.seenBy(user, ref))]
}

export function markCommand(fc: FastCheck, world: World): Arbitrary<ChatCommand> {
  return markArgs(fc).map((args) => command('mark', world, args, (stage) => markAndExpect(stage, args)))
}

import type { Arbitrary } from 'fast-check'
import type { FastCheck, World } from '../world.js'
import { pick } from '../world.js'
import type { ChatCommand } from './command.js'
import { choices, command } from './command.js'

/** Lets a client follow a user's feed from now on; some by a subscription as well. */
export function followCommand(fc: FastCheck, world: World): Arbitrary<ChatCommand> {
  return fc.record({ user: fc.nat(choices), live: fc.boolean() }).map((args) =>
    command('follow', world, args, async ({ model, real }) => {
      await real.follow(model, pick(world.users, args.user), args.live)
      return undefined
    }),
  )
}

/** A client catches up by its token, in large or small pages, and must then know the present state. */
export function catchUpCommand(fc: FastCheck, world: World): Arbitrary<ChatCommand> {
  const limit = fc.option(fc.integer({ min: 1, max: 4 }), { nil: undefined })
  return fc.record({ user: fc.nat(choices), limit }).map((args) =>
    command('catchUp', world, args, async ({ model, real }) => {
      await real.catchUp(model, pick(world.users, args.user), args.limit)
      return undefined
    }),
  )
}

/** The wall clock jumps forwards and backwards. */
export function clockCommand(fc: FastCheck, world: World): Arbitrary<ChatCommand> {
  return fc.record({ ms: fc.constantFrom(1, 1, 5, 1000, 3_600_000, -1, -5, -3_600_000) }).map((args) =>
    command('clock', world, args, async ({ real }) => {
      real.under.clock.jump(args.ms)
      return undefined
    }),
  )
}

/** What must not change anything that a user sees: dropping caches, a checkpoint, closing and opening again. */
export function upkeepCommand(fc: FastCheck, world: World): Arbitrary<ChatCommand> {
  return fc.record({ deed: fc.constantFrom('evict', 'checkpoint', 'reopen') }).map((args) =>
    command('upkeep', world, args, async ({ real }) => {
      if (args.deed === 'evict') await real.evict()
      else if (args.deed === 'checkpoint') await real.store.admin.checkpoint()
      else await real.reopen()
      return world.users
    }),
  )
}

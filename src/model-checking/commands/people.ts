import type { Arbitrary } from 'fast-check'
import { expectCall } from '../expectation.js'
import type { FastCheck, World } from '../world.js'
import { given, pick } from '../world.js'
import type { ChatCommand } from './command.js'
import { choices, command } from './command.js'

const deeds = ['add', 'remove', 'block', 'unblock'] as const
const names = ['Ada', 'Bob']

/** Contacts and blocks. Nobody is their own contact. */
export function contactCommand(fc: FastCheck, world: World): Arbitrary<ChatCommand> {
  const args = fc.record({
    deed: fc.constantFrom(...deeds),
    user: fc.nat(choices),
    other: fc.nat(choices),
    alias: fc.constantFrom(undefined, 'Al', '__proto__'),
  })
  return args.map((chosen) =>
    command('contact', world, chosen, async ({ model, real }) => {
      const user = pick(world.users, chosen.user)
      const other = pick(world.users, chosen.other)
      if (user === other) return undefined
      const { contacts } = real.store
      const { deed, alias } = chosen
      const what = `contacts.${deed}(${JSON.stringify([user, other, alias])})`
      switch (deed) {
        case 'add':
          await expectCall(what, model.addContact(user, other, alias), () =>
            contacts.add(user, other, given({ alias })),
          )
          break
        case 'remove':
          await expectCall(what, model.removeContact(user, other), () => contacts.remove(user, other))
          break
        case 'block':
          await expectCall(what, model.setBlocked(user, other, true), () => contacts.block(user, other))
          break
        case 'unblock':
          await expectCall(what, model.setBlocked(user, other, false), () => contacts.unblock(user, other))
      }
      return [user, other]
    }),
  )
}

export function userCommand(fc: FastCheck, world: World): Arbitrary<ChatCommand> {
  const args = fc.record({
    deed: fc.constantFrom('register', 'update', 'get'),
    user: fc.nat(choices),
    name: fc.constantFrom(...names),
    profile: fc.constantFrom(undefined, { mood: 'fine' }),
  })
  return args.map((chosen) =>
    command('user', world, chosen, async ({ model, real }) => {
      const id = pick(world.users, chosen.user)
      const { name } = chosen
      const change = given({ name, profile: chosen.profile })
      const { users } = real.store
      const what = `users.${chosen.deed}(${JSON.stringify([id, change])})`
      if (chosen.deed === 'register') {
        await expectCall(what, model.users.register({ id, ...change }), () =>
          users.register({ id, ...change }),
        )
      } else if (chosen.deed === 'update') {
        await expectCall(what, model.users.update(id, change), () => users.update(id, change))
      }
      await expectCall(`users.get(${JSON.stringify(id)})`, model.users.get(id), () => users.get(id))
      return undefined
    }),
  )
}

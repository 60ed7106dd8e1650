import type { Arbitrary } from 'fast-check'
import type { ErrorCode } from '../../errors.js'
import type { Page } from '../../model/page.js'
import { everyPage } from '../check-user.js'
import { requireEqual } from '../compare.js'
import { expectCall } from '../expectation.js'
import { isPresent, present } from '../model-state.js'
import type { GroupRequestShape } from '../store-under-test.js'
import type { FastCheck, World } from '../world.js'
import { given, nastyIds, pick } from '../world.js'
import type { ChatCommand, Stage } from './command.js'
import { choices, command, everyoneIn, pickGroup } from './command.js'

const titles = ['Lunch', 'Trip', 'títle\0', '__proto__']

export function createGroupCommand(fc: FastCheck, world: World): Arbitrary<ChatCommand> {
  const args = fc.record({
    creator: fc.nat(choices),
    members: fc.array(fc.nat(choices), { maxLength: 6 }),
    title: fc.nat(titles.length),
    id: fc.nat(5),
  })
  return args.map((chosen) =>
    command('createGroup', world, chosen, async ({ model, real }) => {
      const request = given({
        creator: pick(world.users, chosen.creator),
        members: chosen.members.map((n) => pick(world.users, n)),
        title: titles[chosen.title],
        id: chosen.id === 0 ? undefined : `group ${pick(nastyIds.slice(0, 5), chosen.id)}`,
      }) as GroupRequestShape
      let id = request.id
      await expectCall(`groups.create(${JSON.stringify(request)})`, model.createGroup(request), async () => {
        const group = await real.store.groups.create(request)
        id = group.id
        return group
      })
      return [request.creator, ...everyoneIn(id === undefined ? undefined : model.talk(id))]
    }),
  )
}

export function addMembersCommand(fc: FastCheck, world: World): Arbitrary<ChatCommand> {
  const args = fc.record({
    actor: fc.nat(choices),
    group: fc.nat(choices),
    users: fc.array(fc.nat(choices), { minLength: 1, maxLength: 3 }),
  })
  return args.map((chosen) =>
    command('addMembers', world, chosen, async (stage) => {
      const { model, real } = stage
      const actor = pick(world.users, chosen.actor)
      const group = pickGroup(stage, actor, chosen.group)
      if (group === undefined) return undefined
      const users = chosen.users.map((n) => pick(world.users, n))
      const what = `groups.addMembers(${JSON.stringify([actor, group.id, users])})`
      await expectCall(what, model.addMembers(actor, group.id, users), () =>
        real.store.groups.addMembers(actor, group.id, users),
      )
      return [...everyoneIn(group), actor, ...users]
    }),
  )
}

/** Removes a member, or lets the actor leave. */
export function removeMemberCommand(fc: FastCheck, world: World): Arbitrary<ChatCommand> {
  const args = fc.record({
    actor: fc.nat(choices),
    group: fc.nat(choices),
    user: fc.nat(choices),
    leave: fc.boolean(),
  })
  return args.map((chosen) =>
    command('removeMember', world, chosen, async (stage) => {
      const { model, real } = stage
      const actor = pick(world.users, chosen.actor)
      const group = pickGroup(stage, actor, chosen.group)
      if (group === undefined) return undefined
      const user = chosen.leave ? actor : pick(world.users, chosen.user)
      const what = `groups.removeMember(${JSON.stringify([actor, group.id, user])})`
      await expectCall(what, model.removeMember(actor, group.id, user), () =>
        real.store.groups.removeMember(actor, group.id, user),
      )
      return [...everyoneIn(group), actor, user]
    }),
  )
}

export function renameCommand(fc: FastCheck, world: World): Arbitrary<ChatCommand> {
  const args = fc.record({ actor: fc.nat(choices), group: fc.nat(choices), title: fc.nat(choices) })
  return args.map((chosen) =>
    command('rename', world, chosen, async (stage) => {
      const { model, real } = stage
      const actor = pick(world.users, chosen.actor)
      const group = pickGroup(stage, actor, chosen.group)
      if (group === undefined) return undefined
      const title = pick(titles, chosen.title)
      const what = `groups.rename(${JSON.stringify([actor, group.id, title])})`
      await expectCall(what, model.rename(actor, group.id, title), () =>
        real.store.groups.rename(actor, group.id, title),
      )
      return [...everyoneIn(group), actor]
    }),
  )
}

/** The members as a member reads them page by page. */
export function membersCommand(fc: FastCheck, world: World): Arbitrary<ChatCommand> {
  const args = fc.record({
    user: fc.nat(choices),
    group: fc.nat(choices),
    limit: fc.integer({ min: 1, max: 3 }),
  })
  return args.map((chosen) => command('members', world, chosen, (stage) => walkMembers(stage, chosen)))
}

async function walkMembers(
  stage: Stage,
  chosen: { readonly user: number; readonly group: number; readonly limit: number },
): Promise<undefined> {
  const { real, world } = stage
  const user = pick(world.users, chosen.user)
  const group = pickGroup(stage, user, chosen.group)
  if (group === undefined) return
  const read = (cursor?: string): Promise<Page<{ readonly userId: string }>> =>
    real.store.groups.members(user, group.id, given({ limit: chosen.limit, cursor }))
  if (!isPresent(group, user)) {
    const codes: ErrorCode[] = ['NOT_A_MEMBER']
    // Whether one who left may still see the members is left open.
    await expectCall(
      'groups.members',
      group.members.has(user) ? { codes, accept: () => {} } : { codes },
      () => read(),
    )
    return
  }
  const found = await everyPage('the members', read)
  const ids = found.map(({ userId }) => userId)
  const expected = present(group).map(([id]) => id)
  requireEqual(ids, expected, `the members of ${JSON.stringify(group.id)}`)
}

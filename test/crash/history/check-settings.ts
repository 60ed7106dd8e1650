import { isColumbaError } from '../../../src/errors.js'
import { crashUsers } from '../crash-world.js'
import { perform } from '../operation.js'
import type { StoreCheck } from './check-store.js'

/** Groups, memberships, titles, contacts, profiles: each is what it was last set to, or what was under way. */
export async function checkSettings(check: StoreCheck): Promise<void> {
  await settleGroups(check)
  for (const [id, { create, state }] of check.history.groups) {
    if (state === 'there') await checkGroup(check, id, create.creator)
  }
  for (const user of crashUsers) await checkPerson(check, user)
}

/** A group is there for all its members or for none; the same call again makes it, or finds it. */
async function settleGroups({ store, history, wrong }: StoreCheck): Promise<void> {
  for (const [id, group] of history.groups) {
    if (group.state !== 'unknown') continue
    const { create } = group
    const found = await Promise.all(
      create.members.map((member) =>
        store.getConversation(member, id).then(
          () => true,
          (error: unknown) => {
            if (isColumbaError(error, 'NOT_A_MEMBER')) return false
            throw error
          },
        ),
      ),
    )
    if (new Set(found).size > 1) wrong(`${id} is there for some of its members only: ${found.join()}`)
    await history
      .make(create, () => perform(store, create))
      .catch((error: unknown) => {
        // A member has blocked the creator in the meantime: then it was not there.
        if (!isColumbaError(error, 'BLOCKED') || found.includes(true)) throw error
      })
  }
}

async function checkGroup({ store, history, wrong }: StoreCheck, id: string, creator: string): Promise<void> {
  const members = new Set<string>((await store.groups.members(creator, id)).items.map(({ userId }) => userId))
  for (const user of crashUsers) {
    if (!history.memberships.observe(id, user, members.has(user), history.now))
      wrong(`${user} ${members.has(user) ? 'is' : 'is not'} in ${id}, against what was acknowledged`)
  }
  const seen = await store.getConversation(creator, id)
  if (!history.registers.observe(`title ${id}`, seen?.title)) wrong(`${id} has the title ${seen?.title}`)
  if (seen?.memberCount !== members.size)
    wrong(`${id} has ${members.size} members and says ${seen?.memberCount}`)
}

async function checkPerson({ store, history, wrong }: StoreCheck, user: string): Promise<void> {
  const { name } = await store.users.get(user)
  if (!history.registers.observe(`profile ${user}`, name)) wrong(`the name of ${user} is ${name}`)
  const { items } = await store.contacts.list(user)
  const blocked = await store.contacts.list(user, { blocked: true })
  const blocks = new Set<string>(blocked.items.map(({ contactId }) => contactId))
  for (const other of crashUsers) {
    const contact = items.find(({ contactId }) => String(contactId) === other)
    const listed = JSON.stringify(['contact', user, other])
    if (!history.registers.observe(listed, contact?.alias)) wrong(`${user} calls ${other} ${contact?.alias}`)
    const block = JSON.stringify(['block', user, other])
    if (!history.registers.observe(block, blocks.has(other)))
      wrong(`${user} ${blocks.has(other) ? 'blocks' : 'does not block'} ${other}`)
    if (contact !== undefined && contact.blocked !== blocks.has(other))
      wrong(`the two lists of ${user} disagree about a block of ${other}`)
  }
}

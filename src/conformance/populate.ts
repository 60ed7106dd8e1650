import type { ConversationHandle } from '../backend/port.js'
import type { MessageId, UserId } from '../model/ids.js'
import type { Workbench } from './workbench.js'

const ada = 'ada' as UserId
const bob = 'bob' as UserId

/** What a case has written, for `Workbench.dump`. */
export interface Populated {
  readonly users: readonly string[]
  readonly handles: readonly ConversationHandle[]
}

/** A little of everything. */
export async function populate(bench: Workbench): Promise<Populated> {
  const { backend } = bench
  const users = ['ada', 'bob', 'cleo', 'dan']
  const direct = await bench.direct('ada', 'bob')
  await bench.send(direct, bench.draft('ada', 'kept', { id: 'kept' as MessageId, attributes: '{"a":1}' }))
  for (let index = 0; index < 70; index += 1)
    await bench.say(direct, [index % 3 === 0 ? 'ada' : 'bob', `text ${index}`])
  const group = await bench.group('trip', ['ada', 'bob', 'cleo'], 'A trip')
  await bench.say(group, ['cleo', 'one'], ['ada', 'two'])
  await bench.leave(group, 'bob', 'ada')
  await bench.say(group, ['ada', 'three'])
  await bench.join(group, 'dan', 'bob')
  await bench.say(group, ['dan', 'four'])
  const self = await bench.direct('ada', 'ada')
  await bench.say(self, ['ada', 'note'])
  await bench.read('bob', direct, 40)
  await bench.deliver('bob', direct, 60)
  await bench.read('cleo', group, 2)
  await backend.putUser({ id: ada, name: 'Ada', profile: { born: 1815 } })
  await backend.putContact(ada, bob, { listed: true, alias: 'B.' })
  const quarrel = await bench.direct('cleo', 'dan')
  await bench.change(quarrel, { kind: 'block', blocker: 'cleo' as UserId, blocked: true })
  return { users, handles: [direct, group, self] }
}

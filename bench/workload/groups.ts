import { below, seededRandom } from './random.js'
import { messageId, type GroupSend, type SendSource, EPOCH_MS, userId } from './send.js'
import { textPool } from './texts.js'

export interface GroupPlan {
  readonly id: string
  readonly creator: string
  readonly members: readonly string[]
}

/** Groups of one size whose members are drawn from all users; a user may be in several. */
export function planGroups(seed: number, groups: number, members: number, users: number): GroupPlan[] {
  const random = seededRandom(seed)
  return Array.from({ length: groups }, (_, index) => {
    const drawn = new Set<string>()
    while (drawn.size < members) drawn.add(userId(below(random, users)))
    const all = [...drawn]
    return { id: `group-${members}-${index}`, creator: all[0]!, members: all }
  })
}

/** Every message to a random group, from a random member of it. `conversations[i]` is what the store calls group i. */
export function groupSource(
  seed: number,
  groups: readonly GroupPlan[],
  conversations: readonly string[],
): SendSource<GroupSend> {
  const random = seededRandom(seed)
  const texts = textPool(seed)
  let index = 0
  return () => {
    const choice = below(random, groups.length)
    const members = groups[choice]!.members
    const at = index++
    return {
      sender: members[below(random, members.length)]!,
      conversationId: conversations[choice]!,
      text: texts[below(random, texts.length)]!,
      id: messageId(at),
      timestamp: EPOCH_MS + at,
    }
  }
}

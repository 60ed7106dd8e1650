import { type Contestant, LIST_LENGTH } from '../peers/contestant.js'
import { CHAT } from '../workload/bursts.js'
import { userId } from '../workload/send.js'

/** Users whose lists are full, the most active first, each read once: what is measured is lists of 20, from memory. */
export async function warmUsers(contestant: Contestant, limit: number): Promise<string[]> {
  const users: string[] = []
  for (let index = 0; index < CHAT.users && users.length < limit; index++) {
    const user = userId(index)
    if ((await contestant.list(user)).length === LIST_LENGTH) users.push(user)
  }
  if (users.length === 0) throw new Error('nobody has a full list: the store is too small')
  return users
}

import { closedLoop } from '../measure/closed-loop.js'
import { type Contestant, LIST_LENGTH } from '../peers/contestant.js'
import { CHAT, listFilling } from '../workload/bursts.js'
import { userId } from '../workload/send.js'

const FILLING_IN_FLIGHT = 256

/** Sends what gives so many users full lists. */
export async function fillLists(contestant: Contestant, users: number): Promise<void> {
  await closedLoop({ inFlight: FILLING_IN_FLIGHT, operations: users * LIST_LENGTH }, (index) =>
    contestant.send(listFilling(index, users, CHAT.users)),
  )
}

/** The first users, whose lists must be full, each read once: what is measured is lists of 20, from memory. */
export async function warmUsers(contestant: Contestant, limit: number): Promise<string[]> {
  const users = Array.from({ length: limit }, (_, index) => userId(index))
  for (const user of users) {
    const { length } = await contestant.list(user)
    if (length !== LIST_LENGTH) throw new Error(`the list of ${user} has ${length} conversations`)
  }
  return users
}

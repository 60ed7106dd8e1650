import { deepStrictEqual, rejects, strictEqual } from 'node:assert/strict'
import { type Contestant, LIST_LENGTH, PAGE_LENGTH } from '../peers/contestant.js'
import { burstSource } from '../workload/bursts.js'
import { below, seededRandom } from '../workload/random.js'
import { withRetries } from '../workload/retries.js'
import { Recount } from './recount.js'

const SEED = 7
const SHAPE = { users: 40, interleaved: 12, seed: SEED }
const CALLS = 3000
const MARK_EVERY = 5
const GROUP_SIZES = [1, 3, 64]

/** Sends, repeats and marks, some at the same time, then everything compared with the recount. */
async function play(contestant: Contestant, recount: Recount): Promise<void> {
  const random = seededRandom(SEED)
  const next = withRetries(burstSource(SHAPE), burstSource(SHAPE), SEED)
  for (let call = 0; call < CALLS;) {
    const sends = Array.from({ length: GROUP_SIZES[below(random, GROUP_SIZES.length)]! }, next)
    call += sends.length
    const expected = sends.map((send) => recount.send(send))
    const receipts = await Promise.all(sends.map((send) => contestant.send(send)))
    deepStrictEqual(
      receipts.map(({ seq, duplicate }) => ({ seq, duplicate })),
      expected,
    )
    if (below(random, MARK_EVERY) > 0) continue
    const { sender, receiver } = sends[0]!
    const seq = 1 + below(random, expected[0]!.seq + 1)
    recount.markRead(receiver, sender, seq)
    await contestant.markRead(receiver, await contestant.conversationOf(sender, receiver), seq)
  }
}

async function compare(contestant: Contestant, recount: Recount): Promise<void> {
  for (const user of recount.users()) {
    const rows = await contestant.list(user)
    deepStrictEqual(
      rows.map((row) => [row.peer, row.headSeq, row.readSeq, row.unread, row.lastMessage?.text]),
      recount.list(user, LIST_LENGTH),
    )
    for (const peer of recount.peers(user)) {
      const conversation = await contestant.conversationOf(user, peer)
      for (const before of [undefined, 2, 60]) {
        const page = await contestant.page(user, conversation, before)
        deepStrictEqual(
          page.map(({ seq, sender, id, text }) => [seq, sender, id, text]),
          recount.page(user, peer, before ?? Number.MAX_SAFE_INTEGER, PAGE_LENGTH),
        )
      }
    }
  }
}

async function refuses(contestant: Contestant, recount: Recount): Promise<void> {
  const send = burstSource(SHAPE)()
  await rejects(contestant.send({ ...send, text: `${send.text} but otherwise` }))
  const conversation = await contestant.conversationOf(send.sender, send.receiver)
  await rejects(async () => contestant.page('a stranger', conversation))
  await compare(contestant, recount)
}

async function group(contestant: Contestant): Promise<void> {
  const members = ['ann', 'ben', 'cid']
  const conversationId = await contestant.createGroup({ id: 'group-1', creator: 'ann', members })
  const text = (index: number): string => `message ${index}`
  for (let index = 1; index <= 4; index++) {
    const send = {
      sender: members[index % 2]!,
      conversationId,
      text: text(index),
      id: `g${index}`,
      timestamp: index,
    }
    deepStrictEqual((await contestant.send(send)).seq, index)
  }
  const unread = { ann: 2, ben: 2, cid: 4 }
  for (const [user, count] of Object.entries(unread)) {
    const [row] = await contestant.list(user)
    deepStrictEqual([row?.headSeq, row?.unread, row?.lastMessage?.text], [4, count, text(4)])
  }
  strictEqual((await contestant.page('cid', conversationId)).length, 4)
}

/** Holds one contestant to the promises that all of them compete under; throws at the first that is not kept. */
export async function checkContestant(open: () => Promise<Contestant>): Promise<void> {
  const recount = new Recount()
  const first = await open()
  await play(first, recount)
  await compare(first, recount)
  await first.settle()
  await first.checkpoint()
  await first.close()
  const again = await open()
  await compare(again, recount)
  await play(again, recount)
  await refuses(again, recount)
  await group(again)
  await again.close()
}

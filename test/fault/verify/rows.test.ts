import { describe, expect, test } from 'vitest'
import { decodeChanges, encodeChanges, type StoredChange } from '../../../src/formats/change-list.js'
import { families, keys, readListKey, userPrefix, type Family } from '../../../src/formats/keys.js'
import type { MarksRow } from '../../../src/formats/record-parts.js'
import { rows } from '../../../src/formats/rows.js'
import type { FindingKind } from '../../../src/local/verification/findings.js'
import { directConversationId } from '../../../src/model/direct-conversation-id.js'
import { Sample } from './damaged-sample.js'
import { changeRow, inKey, type ShardEdit } from './shard-edit.js'

const sample = new Sample()
const annBen = directConversationId('ann', 'ben')

describe('a flipped bit', () => {
  test.each(Object.keys(families) as Family[])('in a value of %s is one finding', async (family) => {
    const kinds = await sample.findingsAfter(async (shards) => {
      const [row] = await shards.rows((one) => one.family === family)
      if (row === undefined) throw new Error('no row')
      const value = Buffer.concat([row.payload, Buffer.alloc(4)])
      value[0]! ^= 4
      await shards.putRaw(row, value)
    })
    expect(kinds).toEqual(['damagedValue'])
  })
})

describe('a value that says nothing under a seal that fits', () => {
  test.each(Object.keys(families) as Family[])('of %s is a finding', async (family) => {
    let tries = 0
    for (const kind of ['user', 'group'] as const) {
      let found = true
      const kinds = await sample.findingsAfter(async (shards) => {
        // Some rows of lists are nothing but their keys.
        const [row] = await shards.rows(
          (one) => one.family === family && one.kind === kind && one.payload.length > 0,
        )
        found = row !== undefined
        // Numbers without an end.
        if (row !== undefined) await shards.put(row, Buffer.alloc(20, 0xff))
      })
      if (!found) continue
      tries++
      expect(kinds).toContain('unreadable')
    }
    expect(tries).toBeGreaterThan(0)
  })
})

/** The first run of a direct conversation. */
async function runOf(shards: ShardEdit, conversation: string) {
  const [row] = await shards.rows((one) => one.family === 'runs' && one.key.includes(inKey(conversation)))
  if (row === undefined) throw new Error('no row')
  return { row, run: rows.run.decode(row.payload) }
}

/** Changes something of a row of marks. */
function changeMarks(user: string, conversation: string, change: (marks: MarksRow) => Partial<MarksRow>) {
  return changeRow(rows.marks, ['marks', user, conversation], change)
}

/** Puts other changes in the place of the last change of marks in a feed. */
async function editMarkChange(
  shards: ShardEdit,
  id: string,
  edit: (change: StoredChange) => readonly StoredChange[],
): Promise<void> {
  const feed = await shards.rows((one) => one.family === 'changes' && one.id === id)
  for (const row of feed.reverse()) {
    const changes = decodeChanges(row.payload, row.kind === 'user' ? id : null)
    const at = changes.findLastIndex(({ kind }) => kind === 'read' || kind === 'delivered')
    const change = changes[at]
    if (change === undefined) continue
    changes.splice(at, 1, ...edit(change))
    await shards.put(row, encodeChanges(changes))
    return
  }
  throw new Error('no change of marks')
}

describe('a row that does not fit', () => {
  test.each<[string, FindingKind[], (shards: ShardEdit) => Promise<unknown>]>([
    [
      'a key that is none of ours',
      ['unknownRow'],
      (shards) => shards.put({ shard: 0, key: Buffer.from([1, 0x61, 0, 0x7f]) }, Buffer.of(1)),
    ],
    [
      'a partition in the wrong shard',
      ['wrongShard'],
      async (shards) => {
        const row = await shards.row('profile', 'ann')
        await shards.put({ shard: 1 - row.shard, key: row.key }, row.payload)
      },
    ],
    [
      'a row that cannot be read',
      ['unreadable'],
      async (shards) => shards.put(await shards.row('profile', 'ann'), Buffer.of(200)),
    ],
    [
      'a head that is gone',
      ['head', 'sides'],
      async (shards) => shards.del(await shards.row('head', 'ann', annBen)),
    ],
    [
      'a conversation that its second participant does not know of',
      ['feed', 'list', 'marks', 'sides'],
      async (shards) => shards.del(await shards.row('head', 'ben', annBen)),
    ],
    [
      'one that so far is only a block',
      ['sides'],
      async (shards) => shards.del(await shards.row('head', 'eva')),
    ],
    [
      'a conversation of the second participant with somebody else',
      ['sides'],
      async (shards) => {
        const row = await shards.row('head', 'ben', annBen)
        await shards.put(row, rows.directHead.encode({ peer: 'abe', head: null }))
      },
    ],
    [
      'a head with another peer',
      ['hash', 'head', 'list', 'runBlock', 'sides'],
      async (shards) => {
        const row = await shards.row('head', 'ann', annBen)
        const { head } = rows.directHead.decode(row.payload)
        await shards.put(row, rows.directHead.encode({ peer: 'dan', head }))
      },
    ],
    [
      'another count of messages in the head',
      ['head'],
      async (shards) => {
        const row = await shards.row('head', 'ann', annBen)
        const { peer, head } = rows.directHead.decode(row.payload)
        if (head === null) throw new Error('no head')
        await shards.put(row, rows.directHead.encode({ peer, head: { ...head, n0: head.n0 - 1 } }))
      },
    ],
    [
      'a list row that is gone',
      ['list'],
      async (shards) => shards.del(await shards.row('list', 'ann', annBen)),
    ],
    [
      'a list row that should have gone',
      ['list'],
      async (shards) => {
        const row = await shards.row('list', 'ben', annBen)
        const { position } = readListKey(row.key, row.prefixLength)
        const key = keys.recent(userPrefix('ben'), position - 1, annBen)
        await shards.put({ shard: row.shard, key }, row.payload)
      },
    ],
    [
      'a list row with another text',
      ['list'],
      async (shards) => {
        const row = await shards.row('list', 'ben', annBen)
        const payload = Buffer.from(row.payload)
        payload[payload.length - 1]! ^= 1
        await shards.put(row, payload)
      },
    ],
    [
      'a small group that is not listed',
      ['list'],
      async (shards) => shards.del(await shards.row('list', 'ben', 'small')),
    ],
    [
      'a group that is listed as if it were direct',
      ['list'],
      async (shards) => {
        const direct = await shards.row('list', 'ben', annBen)
        await shards.put(await shards.row('list', 'ben', 'small'), direct.payload)
      },
    ],
    [
      'a large group that is not listed',
      ['list'],
      async (shards) => shards.del(await shards.row('list', 'dan', 'large')),
    ],
    [
      'the first run gone',
      ['feed', 'runs'],
      async (shards) => {
        const [run] = await shards.rows(({ family, id }) => family === 'runs' && id === 'ann')
        if (run !== undefined) await shards.del(run)
      },
    ],
    [
      'a run of a group gone',
      ['feed', 'runs'],
      async (shards) => {
        const [run] = await shards.rows(({ family, id }) => family === 'runs' && id === 'large')
        if (run !== undefined) await shards.del(run)
      },
    ],
    [
      'the hash of an id',
      ['hash'],
      async (shards) => {
        const { row, run } = await runOf(shards, annBen)
        const [first = 0, ...others] = run.hashes
        await shards.put(row, rows.run.encode({ ...run, hashes: [first ^ 1, ...others] }))
      },
    ],
    [
      'a run that points to another block',
      ['block'],
      async (shards) => {
        const { row, run } = await runOf(shards, annBen)
        await shards.put(row, rows.run.encode({ ...run, length: run.length - 1 }))
      },
    ],
    [
      'a wrong number of own messages at the read mark',
      ['marks'],
      changeMarks('ann', annBen, (marks) => ({ ownAtRead: marks.ownAtRead + 1 })),
    ],
    [
      'read above delivered',
      ['marks'],
      changeMarks('ben', annBen, () => ({ delivered: 0, read: 1, ownAtRead: 0 })),
    ],
    ['marks above the head', ['marks'], changeMarks('ben', annBen, () => ({ delivered: 1000 }))],
    [
      'marks that are gone',
      ['marks'],
      async (shards) => shards.del(await shards.row('marks', 'ben', annBen)),
    ],
    [
      'marks in a group that are gone',
      ['marks'],
      async (shards) => shards.del(await shards.row('marks', 'cem', 'small')),
    ],
    ['marks of a group', ['marks'], changeMarks('ben', 'small', () => ({ ownAtRead: 0 }))],
    [
      'a contact that is gone, of one who is blocked',
      ['contact', 'feed'],
      async (shards) => shards.del(await shards.row('contact', 'ben', 'cem')),
    ],
    [
      'a contact that says blocked, and no head does',
      ['contact'],
      changeRow(rows.contact, ['contact', 'ann', 'ben'], () => ({ blocked: true })),
    ],
    [
      'a contact that changed behind its last change',
      ['feed'],
      changeRow(rows.contact, ['contact', 'ann', 'ben'], ({ position }) => ({ position: position + 1 })),
    ],
    [
      'a profile that changed behind its last change',
      ['feed'],
      changeRow(rows.profile, ['profile', 'ann'], ({ position }) => ({ position: position + 1 })),
    ],
    ['a profile that is gone', ['feed'], async (shards) => shards.del(await shards.row('profile', 'ann'))],
    [
      'marks that moved behind their last change',
      ['feed'],
      changeMarks('ben', annBen, (marks) => ({ deliveredAt: marks.deliveredAt + 1 })),
    ],
    [
      'marks in a group that moved behind their last change',
      ['feed'],
      changeMarks('dan', 'large', (marks) => ({ readAt: marks.readAt + 1 })),
    ],
    [
      'marks of another conversation',
      ['feed'],
      async (shards) => {
        const { shard, payload } = await shards.row('marks', 'ben', annBen)
        const marks = { ...rows.marks.decode(payload), delivered: 1 }
        const key = keys.marks(userPrefix('ben'), directConversationId('ben', 'cem'))
        await shards.put({ shard, key }, rows.marks.encode(marks))
      },
    ],
    ...(['ann', 'ben'] as const).map(
      (user): [string, FindingKind[], (shards: ShardEdit) => Promise<unknown>] => [
        `a change of marks that is gone, in the feed of ${user}`,
        ['feed'],
        (shards) => editMarkChange(shards, user, () => []),
      ],
    ),
    [
      'a change of marks in a group that is gone',
      ['feed'],
      (shards) => editMarkChange(shards, 'large', () => []),
    ],
    [
      'a change of marks that comes twice',
      ['feed'],
      (shards) => editMarkChange(shards, 'ann', (change) => [change, change]),
    ],
    [
      'changes that are gone',
      ['feed'],
      async (shards) => {
        const [row] = await shards.rows(({ family, id }) => family === 'changes' && id === 'ann')
        if (row !== undefined) await shards.del(row)
      },
    ],
    [
      'changes of a group without messages, gone',
      ['feed'],
      async (shards) => {
        const [row] = await shards.rows(({ family, id }) => family === 'changes' && id === 'quiet')
        if (row !== undefined) await shards.del(row)
      },
    ],
    [
      'changes out of order',
      ['feed'],
      async (shards) => {
        const [row] = await shards.rows(
          ({ kind, family, payload, id }) =>
            kind === 'user' && family === 'changes' && decodeChanges(payload, id).length > 2,
        )
        if (row === undefined) throw new Error('no row')
        const changes = decodeChanges(row.payload, row.id)
        const last = changes.pop()!
        await shards.put(row, encodeChanges([...changes, { ...last, position: last.position + 1000 }]))
      },
    ],
  ])('%s: %j', async (_what, expected, edit) => {
    expect(await sample.findingsAfter(edit)).toEqual(expected)
  })
})

import { describe, expect, test } from 'vitest'
import { rows } from '../../../src/formats/rows.js'
import type { FindingKind } from '../../../src/local/verification/findings.js'
import { Sample } from './damaged-sample.js'
import type { ShardEdit } from './shard-edit.js'

const sample = new Sample()

describe('a row of a group that does not fit', () => {
  test.each<[string, FindingKind[], (shards: ShardEdit) => Promise<unknown>]>([
    [
      'a group without its row',
      ['group', 'membership'],
      async (shards) => shards.del(await shards.row('group', 'quiet')),
    ],
    [
      'a wrong number of members',
      ['group'],
      async (shards) => {
        const row = await shards.row('group', 'large')
        const group = rows.group.decode(row.payload)
        await shards.put(row, rows.group.encode({ ...group, memberCount: group.memberCount + 1 }))
      },
    ],
    [
      'an owner who has left',
      ['group'],
      async (shards) => {
        const row = await shards.row('group', 'large')
        await shards.put(row, rows.group.encode({ ...rows.group.decode(row.payload), owner: 'ben' }))
      },
    ],
    [
      'a former membership without any interval',
      ['group'],
      async (shards) => {
        for (const row of [
          await shards.row('membership', 'ben', 'large'),
          await shards.row('member', 'large', 'ben'),
        ])
          await shards.put(
            row,
            rows.membership.encode({ ...rows.membership.decode(row.payload), intervals: [] }),
          )
      },
    ],
    [
      'an owner who has not been in longest',
      ['group'],
      async (shards) => {
        const row = await shards.row('group', 'large')
        await shards.put(row, rows.group.encode({ ...rows.group.decode(row.payload), owner: 'dan' }))
      },
    ],
    [
      'a creator who did not make it',
      ['group'],
      async (shards) => {
        const row = await shards.row('group', 'large')
        await shards.put(row, rows.group.encode({ ...rows.group.decode(row.payload), creator: 'dan' }))
      },
    ],
    [
      'the head of a group that is gone',
      ['head', 'list', 'marks'],
      async (shards) => shards.del(await shards.row('head', 'small')),
    ],
    [
      'a wrong position in the head of a large group',
      ['head'],
      async (shards) => {
        const row = await shards.row('head', 'large')
        const head = rows.groupHead.decode(row.payload)
        await shards.put(row, rows.groupHead.encode({ ...head, position: head.position - 1 }))
      },
    ],
    [
      'a membership that is gone',
      ['list', 'membership'],
      async (shards) => shards.del(await shards.row('membership', 'dan', 'quiet')),
    ],
    [
      'a membership with another ordinal',
      ['membership'],
      async (shards) => {
        const row = await shards.row('membership', 'dan', 'quiet')
        const membership = rows.membership.decode(row.payload)
        await shards.put(row, rows.membership.encode({ ...membership, ordinal: 7 }))
      },
    ],
    [
      'a member whom the group has lost',
      ['feed', 'group', 'membership', 'roll'],
      async (shards) => shards.del(await shards.row('member', 'quiet', 'dan')),
    ],
    [
      'a place in the roll that is gone',
      ['roll'],
      async (shards) => shards.del(await shards.row('roll', 'quiet', Buffer.of(2))),
    ],
    [
      'a place in the roll for somebody else',
      ['roll'],
      async (shards) => shards.put(await shards.row('roll', 'quiet', Buffer.of(2)), rows.roll.encode('ben')),
    ],
    [
      'own messages that are gone',
      ['own'],
      async (shards) => {
        const all = await shards.rows(({ family, id }) => family === 'own' && id === 'eva')
        await shards.del(all.at(-1)!)
      },
    ],
    [
      'own messages with another seq',
      ['own'],
      async (shards) => {
        const all = await shards.rows(({ family, id }) => family === 'own' && id === 'eva')
        const row = all.at(-1)!
        const own = rows.own.decode(row.payload)
        await shards.put(row, rows.own.encode({ ...own, seqs: [...own.seqs.slice(0, -1), 1000] }))
      },
    ],
  ])('%s: %j', async (_what, expected, edit) => {
    expect(await sample.findingsAfter(edit)).toEqual(expected)
  })
})

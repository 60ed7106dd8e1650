import { describe, expect, test } from 'vitest'
import { rows } from '../../../src/formats/rows.js'
import type { FindingKind } from '../../../src/local/verification/findings.js'
import { Sample } from './damaged-sample.js'
import { changeRow, type ShardEdit } from './shard-edit.js'

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
      changeRow(rows.group, ['group', 'large'], ({ memberCount }) => ({ memberCount: memberCount + 1 })),
    ],
    ['an owner who has left', ['group'], changeRow(rows.group, ['group', 'large'], () => ({ owner: 'ben' }))],
    [
      'a former membership without any interval',
      ['group'],
      async (shards) => {
        for (const which of [
          ['membership', 'ben', 'large'],
          ['member', 'large', 'ben'],
        ] as const)
          await changeRow(rows.membership, which, () => ({ intervals: [] }))(shards)
      },
    ],
    [
      'an owner who has not been in longest',
      ['group'],
      changeRow(rows.group, ['group', 'large'], () => ({ owner: 'dan' })),
    ],
    [
      'a creator who did not make it',
      ['group'],
      changeRow(rows.group, ['group', 'large'], () => ({ creator: 'dan' })),
    ],
    [
      'the head of a group that is gone',
      ['head', 'list', 'marks'],
      async (shards) => shards.del(await shards.row('head', 'small')),
    ],
    [
      'a wrong position in the head of a large group',
      ['head'],
      changeRow(rows.groupHead, ['head', 'large'], ({ position }) => ({ position: position - 1 })),
    ],
    [
      'a membership that is gone',
      ['list', 'membership'],
      async (shards) => shards.del(await shards.row('membership', 'dan', 'quiet')),
    ],
    [
      'a membership with another ordinal',
      ['membership'],
      changeRow(rows.membership, ['membership', 'dan', 'quiet'], () => ({ ordinal: 7 })),
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

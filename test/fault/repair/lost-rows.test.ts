import { rm } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { rows } from '../../../src/formats/rows.js'
import { repairCommand } from '../../../src/cli/repair-command.js'
import { directConversationId } from '../../../src/model/direct-conversation-id.js'
import { makeSample } from '../verify/sample-store.js'
import { inKey, ShardEdit, type StoredRow } from '../verify/shard-edit.js'
import { afterDamage, copyOf } from './damaged-store.js'

let sample: string
beforeAll(async () => {
  sample = await makeSample()
})
afterAll(() => rm(sample, { recursive: true, force: true }))

const annBen = directConversationId('ann', 'ben')

interface Victim {
  readonly what: string
  readonly where: string
  readonly rows: (shards: ShardEdit) => Promise<StoredRow[]>
  /** What the row may have said before it changed last. */
  readonly older?: (payload: Buffer) => Buffer
}

const before = { position: 1 }

/** What is state, in rows of which only the feed tells that they were there. */
const victims: Readonly<Record<string, Victim>> = {
  'marks in a direct conversation': {
    what: 'marks',
    where: `user "ann", conversation "${annBen}"`,
    rows: async (shards) => [await shards.row('marks', 'ann', inKey(annBen))],
    older: (payload) =>
      rows.marks.encode({ ...rows.marks.decode(payload), read: 1, readAt: 1, delivered: 1, deliveredAt: 0 }),
  },
  'marks in a group': {
    what: 'marks',
    where: 'user "cem", conversation "small"',
    rows: async (shards) => [await shards.row('marks', 'cem', 'small')],
  },
  'a contact': {
    what: 'contact',
    where: 'user "ann", contact "ben"',
    rows: async (shards) => [await shards.row('contact', 'ann', 'ben')],
    older: (payload) => rows.contact.encode({ ...rows.contact.decode(payload), ...before }),
  },
  'a contact of whom nothing else tells': {
    what: 'contact',
    where: 'user "dan", contact "eva"',
    rows: async (shards) => [
      await shards.row('contact', 'dan', 'eva'),
      ...(await shards.rows(
        ({ family, key }) => family === 'head' && key.includes(inKey(directConversationId('dan', 'eva'))),
      )),
    ],
  },
  'a profile': {
    what: 'profile',
    where: 'user "ann"',
    rows: async (shards) => [await shards.row('profile', 'ann')],
    older: (payload) => rows.profile.encode({ ...rows.profile.decode(payload), position: 0 }),
  },
  'a member who never wrote': {
    what: 'membership',
    where: 'group "quiet", user "dan"',
    rows: async (shards) => [
      await shards.row('member', 'quiet', 'dan'),
      await shards.row('membership', 'dan', 'quiet'),
    ],
    older: (payload) => rows.membership.encode({ ...rows.membership.decode(payload), ...before }),
  },
  'the row of a group': {
    what: 'title and creator',
    where: 'group "small"',
    rows: async (shards) => [await shards.row('group', 'small')],
    older: (payload) => rows.group.encode({ ...rows.group.decode(payload), ...before }),
  },
}

describe('what verify misses by the feed is named by a repair that cannot bring it back', () => {
  test.each(Object.entries(victims))('%s that is gone', async (_, { what, where, rows: find }) => {
    const { report } = await afterDamage(sample, (location) =>
      ShardEdit.of(location, async (shards) => {
        for (const row of await find(shards)) await shards.del(row)
        await shards.compact()
      }),
    )
    expect(report.found.length).toBeGreaterThan(0)
    expect(report.lost).toEqual([{ what: `lost ${what}`, where: expect.stringContaining(where) as unknown }])
  })

  const withOlder = Object.entries(victims).filter(([, { older }]) => older !== undefined)
  test.each(withOlder)(
    '%s of which only an older copy is left',
    async (_, { what, where, rows: find, older }) => {
      const { report } = await afterDamage(sample, (location) =>
        ShardEdit.of(location, async (shards) => {
          for (const row of await find(shards)) await shards.put(row, older?.(row.payload) as Buffer)
          await shards.compact()
        }),
      )
      expect(report.found.length).toBeGreaterThan(0)
      const said = `lost ${what}, of which an older copy was found`
      expect(report.lost).toEqual([{ what: said, where: expect.stringContaining(where) as unknown }])
    },
  )

  test('a group of which nothing but its feed is left', async () => {
    const { report } = await afterDamage(sample, (location) =>
      ShardEdit.of(location, async (shards) => {
        const wanted = ({ family, id, key }: StoredRow): boolean =>
          (id === 'quiet' && family !== 'changes') ||
          ((family === 'membership' || family === 'list') && key.includes('quiet'))
        for (const row of await shards.rows(wanted)) await shards.del(row)
        await shards.compact()
      }),
    )
    expect(report.lost).toEqual([
      { what: 'group of which only marks or changes are left', where: 'group "quiet"' },
    ])
  })

  test('the command says so, and does not exit as if all was well', async () => {
    const location = await copyOf(sample)
    await ShardEdit.of(location, async (shards) => {
      await shards.del(await shards.row('contact', 'ann', 'ben'))
      await shards.compact()
    })
    let said = ''
    const terminal = { out: (text: string) => (said += text), error: () => undefined, columns: undefined }
    expect(await repairCommand.run(location, { json: false }, terminal)).toBe(1)
    expect(said).toContain('lost contact: user "ann", contact "ben"')
    expect(said).not.toContain('Nothing was lost')
  })
})

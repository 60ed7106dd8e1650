import { cp, readdir, readFile, rename, rm, symlink, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { rows } from '../../../src/formats/rows.js'
import { directConversationId } from '../../../src/model/direct-conversation-id.js'
import { temporaryDirectory } from '../../fixtures/temporary-directory.js'
import { makeSample, openSample } from '../verify/sample-store.js'
import { inKey, ShardEdit, type StoredRow } from '../verify/shard-edit.js'
import {
  afterDamage,
  copyOf,
  flip,
  isLost,
  killed,
  messagesOf,
  repair,
  seenIn,
  tablesOf,
} from './damaged-store.js'

let sample: string
let whole: unknown
beforeAll(async () => {
  sample = await makeSample()
  whole = await seenIn(sample)
})
afterAll(() => rm(sample, { recursive: true, force: true }))

const after = (damage: (location: string) => Promise<unknown>) => afterDamage(sample, damage)

/** Every message of the sample is there, unless `mayBeLost` says so; what is gone is named by the report and stands empty. */
function expectAllMessages(seen: unknown, mayBeLost: (key: string) => boolean = () => false): number {
  const now = messagesOf(seen)
  let lost = 0
  for (const [key, message] of messagesOf(whole)) {
    if (mayBeLost(key) && isLost(now.get(key))) lost++
    else expect(now.get(key)).toEqual(message)
  }
  return lost
}

test('a store that is whole stays as it is', async () => {
  const { location, report, seen } = await after(async () => undefined)
  expect(report).toMatchObject({ outcome: 'whole', kept: null, lost: [] })
  expect(seen).toEqual(whole)
  expect((await readdir(location)).filter((name) => name.startsWith('repaired'))).toEqual([])
})

test('what others have put into it is no part of a store, nor missing where it cannot be read', async () => {
  const { report } = await after(async (location) => {
    for (const part of ['log', 'shards', 'shards/0000', 'bodies'])
      await symlink('user@host.1234:1', join(location, part, '.#segment-0000000001.log'))
  })
  expect(report.outcome).toBe('whole')
})

test('a link that leads nowhere in the place of a file that a store has is a missing file', async () => {
  const { report } = await after(async (store) => {
    const [name = ''] = (await readdir(join(store, 'log'))).sort()
    await symlink(
      'nowhere',
      join(
        store,
        'log',
        name.replace(/\d+/, (number) => number.replace(/^0/, '9')),
      ),
    )
  })
  expect(report.refused).toContain('log/segment-9')
})

describe('what is derived is made anew, and everything is as it was', () => {
  const edits: Record<string, (shards: ShardEdit) => Promise<void>> = {
    'a head of a group': async (shards) => shards.del(await shards.row('head', 'small')),
    'both heads of a direct conversation': async (shards) => {
      const id = directConversationId('ann', 'ben')
      for (const row of await shards.rows(({ family, key }) => family === 'head' && key.includes(inKey(id))))
        await shards.del(row)
    },
    'all runs': async (shards) => {
      for (const row of await shards.rows(({ family }) => family === 'runs')) await shards.del(row)
    },
    'all lists': async (shards) => {
      for (const row of await shards.rows(({ family }) => family === 'list')) await shards.del(row)
    },
    'heads, runs, lists, changes, own messages, rolls': async (shards) => {
      const derived = ['head', 'runs', 'list', 'changes', 'own', 'roll']
      for (const row of await shards.rows(({ family }) => derived.includes(family))) await shards.del(row)
    },
    'all memberships in the partitions of users': async (shards) => {
      for (const row of await shards.rows(({ family }) => family === 'membership')) await shards.del(row)
    },
    'all members in the partitions of groups': async (shards) => {
      for (const row of await shards.rows(({ family }) => family === 'member')) await shards.del(row)
    },
    'a list row with a number that its message never had': async (shards) => {
      const row = await shards.row('list', 'ben', directConversationId('ann', 'ben'))
      const list = rows.directList.decode(row.payload)
      await shards.put(row, rows.directList.encode({ ...list, head: list.head + 7 }))
    },
    'a head beyond the last message': async (shards) => {
      const row = await shards.row('head', 'small')
      const head = rows.groupHead.decode(row.payload)
      await shards.put(row, rows.groupHead.encode({ ...head, head: head.head + 1 }))
    },
    'a run under the key of another': async (shards) => {
      const [run, other] = await shards.rows(({ family, id }) => family === 'runs' && id === 'large')
      if (run !== undefined && other !== undefined) await shards.put(run, other.payload)
    },
    'a membership that is newer in one partition than in the other': async (shards) => {
      const row = await shards.row('membership', 'dan', 'large')
      const membership = rows.membership.decode(row.payload)
      await shards.put(row, rows.membership.encode({ ...membership, position: membership.position + 3 }))
    },
    'a former membership without its place': async (shards) => {
      for (const row of [
        await shards.row('membership', 'ben', 'large'),
        await shards.row('member', 'large', 'ben'),
      ])
        await shards.put(row, rows.membership.encode({ ...rows.membership.decode(row.payload), place: 0 }))
    },
    'an owner who is in, and has not been in longest': async (shards) => {
      const row = await shards.row('group', 'large')
      await shards.put(row, rows.group.encode({ ...rows.group.decode(row.payload), owner: 'dan' }))
    },
    'a creator who is another': async (shards) => {
      const row = await shards.row('group', 'small')
      await shards.put(
        row,
        rows.group.encode({ ...rows.group.decode(row.payload), creator: 'ben', createdAt: 1 }),
      )
    },
    'a damaged value of a run': async (shards) => {
      const [row] = await shards.rows(({ family }) => family === 'runs')
      if (row !== undefined) await shards.putRaw(row, Buffer.from('damaged'))
    },
  }

  test.each(Object.keys(edits))('%s', async (name) => {
    const edit = edits[name] as (shards: ShardEdit) => Promise<void>
    const { report, seen } = await after((location) => ShardEdit.of(location, edit))
    expect(report).toMatchObject({ outcome: 'repaired', lost: [] })
    expect(report.found.length + (report.refused?.length ?? 0)).toBeGreaterThan(0)
    expect(seen).toEqual(whole)
  })
})

describe('what is not derived is named when it is lost', () => {
  const victims: Record<string, (shards: ShardEdit) => Promise<StoredRow>> = {
    marks: (shards) => shards.row('marks', 'cem', 'small'),
    profile: (shards) => shards.row('profile', 'ann'),
    contact: (shards) => shards.row('contact', 'ann', 'ben'),
    'title and creator': (shards) => shards.row('group', 'small'),
  }

  test.each(Object.keys(victims))('%s', async (what) => {
    const { report, seen } = await after((location) =>
      ShardEdit.of(location, async (shards) => {
        const row = await victims[what]?.(shards)
        await shards.putRaw(row as StoredRow, Buffer.alloc(9))
        await shards.compact()
      }),
    )
    expect(report.lost.map((one) => one.what)).toContain(`lost ${what}`)
    expectAllMessages(seen)
  })

  test.each(Object.keys(victims))('%s of which LevelDB still has an older copy', async (what) => {
    const { report, seen } = await after((location) =>
      ShardEdit.of(location, async (shards) => {
        const row = await victims[what]?.(shards)
        await shards.putRaw(row as StoredRow, Buffer.alloc(9))
      }),
    )
    const said = `damaged ${what}; another copy was found, which may be older`
    expect(report.lost.map((one) => one.what)).toEqual([said])
    expect(seen).toEqual(whole)
  })
})

describe('a damaged shard: every message is there', () => {
  test.each(['0000', '0001'])('%s, each of its tables flipped somewhere', async (shard) => {
    for (const [index, table] of (await tablesOf(sample, shard)).entries()) {
      const { length } = await readFile(join(sample, 'shards', shard, table))
      // The first block, the middle, the index, the footer.
      const at = [10, Math.floor(length / 2), length - 60, length - 3][index % 4] as number
      const { report, seen } = await after((location) => flip(join(location, 'shards', shard, table), at))
      expect(report.outcome).toBe('repaired')
      // The filter between data and index holds no rows.
      if (index % 4 !== 1)
        expect(report.lost.map(({ where }) => where).join()).toContain(`shards/${shard}/${table}`)
      expectAllMessages(seen)
    }
  })

  const damages: Record<string, (directory: string) => Promise<unknown>> = {
    'without its tables': async (directory) => {
      for (const name of await readdir(directory))
        if (name.endsWith('.ldb')) await unlink(join(directory, name))
    },
    'without its MANIFEST': async (directory) => {
      for (const name of await readdir(directory))
        if (name.startsWith('MANIFEST')) await unlink(join(directory, name))
    },
    'without CURRENT': (directory) => unlink(join(directory, 'CURRENT')),
    'missing as a whole': (directory) => rm(directory, { recursive: true }),
    empty: async (directory) => {
      for (const name of await readdir(directory)) await unlink(join(directory, name))
    },
  }
  for (const [name, damage] of Object.entries(damages)) {
    test.each(['0000', '0001'])(`%s ${name}`, async (shard) => {
      const { report, seen } = await after((location) => damage(join(location, 'shards', shard)))
      expect(report.outcome).toBe('repaired')
      expectAllMessages(seen)
      if (name === 'without its MANIFEST' || name === 'without CURRENT') expect(seen).toEqual(whole)
    })
  }

  test('no shard is left: messages, conversations and who wrote in groups come from the blocks', async () => {
    const { report, seen } = await after((location) => rm(join(location, 'shards'), { recursive: true }))
    expect(report.refused).not.toBeNull()
    expect(report.lost.map(({ what }) => what)).toContain('lost membership, taken for a member')
    expectAllMessages(seen)
  })

  test('the shard of another store is left aside', async () => {
    const other = await makeSample()
    const { report, seen } = await after(async (location) => {
      await rm(join(location, 'shards', '0001'), { recursive: true })
      await cp(join(other, 'shards', '0001'), join(location, 'shards', '0001'), { recursive: true })
    })
    await rm(other, { recursive: true })
    expect(report.lost.map(({ what }) => what)).toContain('shard of another store, left aside')
    expectAllMessages(seen)
  })
})

describe('damaged body files: what is gone stands empty, everything else is as it was', () => {
  test('each missing by itself', async () => {
    for (const name of await readdir(join(sample, 'bodies'))) {
      const { report, seen } = await after((location) => unlink(join(location, 'bodies', name)))
      const lost = expectAllMessages(seen, () => true)
      const last = report.lost.filter(({ what }) => what === 'lost messages')
      expect([name, lost > 0]).toEqual([name, last.length > 0])
      expect(lost).toBeLessThan(20)
    }
  })

  test('a flipped byte costs its block, and only the messages of it that no list shows', async () => {
    const [name = ''] = (await readdir(join(sample, 'bodies'))).sort()
    const { length } = await readFile(join(sample, 'bodies', name))
    for (const at of [2, 40, Math.floor(length / 2), length - 1]) {
      const { report, seen } = await after((location) => flip(join(location, 'bodies', name), at))
      const lost = expectAllMessages(seen, () => true)
      if (at === 2) expect(report.lost).toEqual([])
      expect(lost).toBeLessThan(20)
    }
  })

  test('what the log still has is not lost, though the store was closed', async () => {
    const location = await temporaryDirectory()
    const large = { generationBytes: 1 << 20, segmentBytes: 1 << 20 }
    const store = await openSample(location, undefined, large)
    for (let i = 0; i < 6; i++) await store.sendMessage({ sender: 'dan', receiver: 'ann', text: `late ${i}` })
    await store.close()
    const before = await seenIn(await copyOf(location))
    for (const name of await readdir(join(location, 'bodies'))) await unlink(join(location, 'bodies', name))
    expect(await repair(location)).toMatchObject({ outcome: 'repaired', refused: null, lost: [] })
    expect(await seenIn(location)).toEqual(before)
  })

  test('without any: numbers, lists and unread stay, and the last messages', async () => {
    const { report, seen } = await after((location) => rm(join(location, 'bodies'), { recursive: true }))
    expect(report.lost.map(({ what }) => what)).toContain('missing directory of body files')
    const lost = expectAllMessages(seen, () => true)
    expect(lost).toBeGreaterThan(10)
    expect(lost).toBeLessThan(messagesOf(whole).size)
  })
})

describe('a store that was not closed', () => {
  /** A copy of a store in the middle of its life, with records that only the log has. */
  async function unclosed(): Promise<{ location: string; seen: unknown; texts: string[] }> {
    const location = await copyOf(sample)
    const store = await openSample(location)
    const texts: string[] = []
    for (let i = 0; i < 6; i++) {
      texts.push(`late ${i}`)
      await store.sendMessage({ sender: 'dan', receiver: 'ann', text: `late ${i}` })
    }
    const copy = await killed(store, location)
    return { location: copy, seen: await seenIn(location), texts }
  }

  /** Where the log has this text. */
  async function placeOf(location: string, text: string): Promise<[path: string, at: number]> {
    for (const name of await readdir(join(location, 'log'))) {
      const at = (await readFile(join(location, 'log', name))).indexOf(text)
      if (at >= 0) return [join(location, 'log', name), at]
    }
    throw new Error(`the log does not have ${text}`)
  }

  test('that is whole otherwise stays as it is', async () => {
    const { location, seen } = await unclosed()
    expect((await repair(location)).outcome).toBe('whole')
    expect(await seenIn(location)).toEqual(seen)
  })

  test('with a damaged shard: what only the log has is there as well', async () => {
    const { location, seen } = await unclosed()
    for (const name of await readdir(join(location, 'shards', '0000')))
      if (name.startsWith('MANIFEST')) await unlink(join(location, 'shards', '0000', name))
    expect(await repair(location)).toMatchObject({ outcome: 'repaired' })
    expect(await seenIn(location)).toEqual(seen)
  })

  test('damage in the middle of the log costs one frame, not those behind it', async () => {
    const { location, texts } = await unclosed()
    await flip(...(await placeOf(location, 'late 2')))
    const report = await repair(location)
    expect(report.refused).toContain('damaged')
    expect(report.lost.map(({ what }) => what)).toContain('damaged part of the log')
    const found = [...messagesOf(await seenIn(location)).values()].map(({ text }) => text)
    expect(texts.filter((text) => !found.includes(text))).toEqual(['late 2'])
    expectAllMessages(await seenIn(location))
  })

  test('with an older copy of the log: what only the log had is named as lost', async () => {
    const location = await copyOf(sample)
    const store = await openSample(location)
    for (let i = 0; i < 40; i++)
      await store.sendMessage({ sender: 'dan', receiver: 'ann', text: `late ${i}` })
    await store.admin.checkpoint()
    await store.sendMessage({ sender: 'dan', receiver: 'ann', text: 'only in the log' })
    const copy = await killed(store, location)
    await rm(join(copy, 'log'), { recursive: true })
    await cp(join(sample, 'log'), join(copy, 'log'), { recursive: true })
    const report = await repair(copy)
    expect(report.lost.map(({ what }) => what)).toEqual([
      'log that ends too early, as an older copy does: what came behind it',
    ])
    expectAllMessages(await seenIn(copy))
  })

  test('without the last segment', async () => {
    const { location } = await unclosed()
    await rm(join(location, 'log'), { recursive: true })
    const report = await repair(location)
    expect(report.lost.map(({ what }) => what)).toContain(
      'missing log: what was sent since the last checkpoint',
    )
    expectAllMessages(await seenIn(location))
  })
})

test('the store goes on: repeats are known, numbers follow, tokens of before ask for a new start', async () => {
  const location = await copyOf(sample)
  let store = await openSample(location)
  const sent = await store.sendMessage({ sender: 'ann', receiver: 'ben', text: 'once', id: 'my id' })
  const { token } = await store.getChanges('ann')
  await store.close()
  await rename(join(location, 'shards', '0000'), join(location, 'away'))
  expect((await repair(location)).outcome).toBe('repaired')
  store = await openSample(location)
  const again = await store.sendMessage({ sender: 'ann', receiver: 'ben', text: 'once', id: 'my id' })
  expect(again).toEqual({ ...sent, duplicate: true })
  const next = await store.sendMessage({ sender: 'ben', receiver: 'ann', text: 'next' })
  expect(next.seq).toBe(sent.seq + 1)
  await expect(store.getChanges('ann', { since: token })).rejects.toMatchObject({ code: 'RESYNC_REQUIRED' })
  await store.close()
  await seenIn(location)
})

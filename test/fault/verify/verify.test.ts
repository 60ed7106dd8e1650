import { cp, readdir, readFile, rm, unlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { VerifyReport } from '../../../src/backend/port.js'
import { isColumbaError } from '../../../src/errors.js'
import { bodyFileName, encodeBodyHeader } from '../../../src/formats/body-file.js'
import { decodeChanges, encodeChanges, type StoredChange } from '../../../src/formats/change-list.js'
import { families, keys, readListKey, userPartition, type Family } from '../../../src/formats/keys.js'
import type { MarksRow } from '../../../src/formats/record-parts.js'
import { rows } from '../../../src/formats/rows.js'
import { findingKinds, type FindingKind } from '../../../src/local/verification/findings.js'
import { directConversationId } from '../../../src/model/direct-conversation-id.js'
import { nodeFileSystem } from '../../../src/platform/node-file-system.js'
import { interferedFileSystem, type FileOperation } from '../../fixtures/failing-file-system.js'
import { clearFilters, filterIn } from '../../fixtures/level-filter.js'
import { shiftRestarts } from '../../fixtures/level-index.js'
import { temporaryDirectory } from '../../fixtures/temporary-directory.js'
import { makeSample, openSample } from './sample-store.js'
import { inKey, ShardEdit } from './shard-edit.js'

let sample: string
beforeAll(async () => {
  sample = await makeSample()
})
afterAll(() => rm(sample, { recursive: true, force: true }))

async function verified(location: string): Promise<VerifyReport> {
  const store = await openSample(location)
  try {
    return await store.admin.verify()
  } finally {
    await store.close()
  }
}

/** What verify finds in a copy of the sample after an edit: each kind once. */
async function findingsAfter(edit: (shards: ShardEdit) => Promise<unknown>): Promise<FindingKind[]> {
  const location = await temporaryDirectory()
  await cp(sample, location, { recursive: true })
  await ShardEdit.of(location, edit)
  return kindsOf(await verified(location))
}

function kindsOf({ findings, ok }: VerifyReport): FindingKind[] {
  expect(ok).toBe(findings.length === 0)
  const names = Object.keys(findingKinds) as FindingKind[]
  const found = findings.map(
    ({ what }) => names.find((name) => findingKinds[name].what === what) as FindingKind,
  )
  return [...new Set(found)].sort()
}

const annBen = directConversationId('ann', 'ben')

describe('a store that is whole', () => {
  test('has no findings, and all of it was looked at', async () => {
    const progress: string[] = []
    const store = await openSample(sample)
    const report = await store.admin.verify({
      onProgress: ({ part, items, total }) => progress.push(`${part}: ${items} of ${total}`),
    })
    await store.close()
    expect(report.findings).toEqual([])
    expect(report.ok).toBe(true)
    for (const family of Object.keys(families)) expect(report.checked[family]).toBeGreaterThan(0)
    expect(report.checked['messages']).toBe(14 + 7 + 2 + 3 + 1 + 15 + 23 + 9)
    expect(report.checked['orphaned body files']).toBe(0)
    expect(report.checked['tables']).toBeGreaterThan(2)
    expect(progress.some((line) => line.startsWith('body files'))).toBe(true)
    expect(progress.some((line) => line.startsWith('shard 1'))).toBe(true)
  })

  test('is verified to the end whatever a listener throws', async () => {
    const store = await openSample(sample)
    const onProgress = (): void => {
      throw new TypeError('of the caller')
    }
    expect(await store.admin.verify({ onProgress })).toMatchObject({ ok: true })
    await store.close()
  })

  test('is verified as it was at one moment while messages keep coming', async () => {
    const location = await temporaryDirectory()
    const store = await openSample(location)
    let writing = true
    const writers = ['a', 'b', 'c'].map(async (sender) => {
      for (let i = 0; writing; i++) {
        await store.sendMessage({ sender, receiver: `r${i % 4}`, text: `message ${i}` })
        if (i % 5 === 0) await store.markRead(`r${i % 4}`, { peer: sender })
      }
    })
    for (let i = 0; i < 6; i++) expect((await store.admin.verify()).findings).toEqual([])
    writing = false
    await Promise.all(writers)
    await store.close()
  })
})

describe('a flipped bit', () => {
  test.each(Object.keys(families) as Family[])('in a value of %s is one finding', async (family) => {
    const kinds = await findingsAfter(async (shards) => {
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
    for (const kind of ['user', 'group'] as const) {
      let found = true
      const kinds = await findingsAfter(async (shards) => {
        const [row] = await shards.rows((one) => one.family === family && one.kind === kind)
        found = row !== undefined && !(family === 'list' && row.payload.length === 0)
        // Numbers without an end.
        if (row !== undefined && found) await shards.put(row, Buffer.alloc(20, 0xff))
      })
      if (found) expect(kinds).toContain('unreadable')
    }
  })
})

describe('what LevelDB reads of a table without a look at the checksum', () => {
  async function damageTables(
    spoil: (table: Buffer) => boolean,
  ): Promise<{ report: VerifyReport; user: unknown }> {
    const location = await temporaryDirectory()
    await cp(sample, location, { recursive: true })
    let spoilt = 0
    for (const shard of ['0000', '0001']) {
      const directory = join(location, 'shards', shard)
      const tables = (await readdir(directory)).filter((name) => name.endsWith('.ldb')).sort()
      // The first says which shard it is, and the last how far it goes.
      for (const name of tables.slice(1, -1)) {
        const bytes = await readFile(join(directory, name))
        if (!spoil(bytes)) continue
        await writeFile(join(directory, name), bytes)
        spoilt++
      }
    }
    expect(spoilt).toBeGreaterThan(1)
    const store = await openSample(location)
    const user = await store.users.get('ann').catch((error: unknown) => (error as { code?: string }).code)
    const report = await store.admin.verify()
    await store.close()
    // LevelDB may have merged some of them.
    const named = report.findings.filter(({ what }) => what === findingKinds.table.what)
    expect(named.length).toBeGreaterThan(0)
    return { report, user }
  }

  test('a filter that overlooks rows is found', async () => {
    const { report, user } = await damageTables(clearFilters)
    expect(user).toBe('USER_NOT_FOUND')
    expect(report.ok).toBe(false)
  })

  test('so is one that LevelDB does without', async () => {
    const { user } = await damageTables((table) => {
      const filter = filterIn(table)
      // How it is compressed.
      if (filter !== null) table[filter.offset + filter.size] = 7
      return filter !== null
    })
    expect(user).toMatchObject({ name: 'Ann' })
  })

  test('a restart by which LevelDB does not find rows is found', async () => {
    const location = await temporaryDirectory()
    const ids = Array.from({ length: 400 }, (_, i) => `user ${1000 + i}`)
    let store = await openSample(location)
    for (const id of ids) await store.users.register({ id, name: id })
    await store.close()
    await ShardEdit.of(location, (shards) => shards.compact())
    let spoilt = 0
    for (const shard of ['0000', '0001']) {
      const directory = join(location, 'shards', shard)
      for (const name of await readdir(directory)) {
        if (!name.endsWith('.ldb')) continue
        const bytes = await readFile(join(directory, name))
        if (shiftRestarts(bytes)) spoilt++
        await writeFile(join(directory, name), bytes)
      }
    }
    store = await openSample(location)
    const codes = new Set<unknown>()
    for (const id of ids)
      await store.users.get(id).catch((error: unknown) => codes.add((error as { code?: string }).code))
    const { ok, findings } = await store.admin.verify()
    await store.close()
    expect([...codes]).toEqual(['CORRUPT'])
    expect(ok).toBe(false)
    expect(findings.filter(({ what }) => what === findingKinds.table.what)).toHaveLength(spoilt)
  })
})

describe('a table that the system does not let verify look at', () => {
  async function verifiedWith(code: string, failing: FileOperation): Promise<unknown> {
    const location = await temporaryDirectory()
    await cp(sample, location, { recursive: true })
    const before = (operation: FileOperation, path: string): void => {
      if (operation !== failing || !path.endsWith('.ldb')) return
      throw Object.assign(new Error(`${code}: ${operation}`), { code, syscall: operation })
    }
    const fileSystem = interferedFileSystem(nodeFileSystem, { before })
    const store = await openSample(location, undefined, {}, fileSystem)
    try {
      return await store.admin.verify().catch((error: unknown) => error)
    } finally {
      await store.close()
    }
  }

  test.each([
    ['EACCES', 'read', 'CORRUPT'],
    ['EACCES', 'size', 'CORRUPT'],
    ['ENOMEM', 'read', 'OVERLOADED'],
    ['EMFILE', 'open', 'OVERLOADED'],
    ['EIO', 'size', 'CORRUPT'],
  ] as const)('%s of %s rejects with %s', async (code, operation, expected) => {
    const said = await verifiedWith(code, operation)
    expect(isColumbaError(said, expected)).toBe(true)
    expect(said).toMatchObject({ cause: { code } })
  })

  test('is damaged where the disk does not give it', async () => {
    expect(kindsOf((await verifiedWith('EIO', 'read')) as VerifyReport)).toEqual(['table'])
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
  return async (shards: ShardEdit): Promise<void> => {
    const row = await shards.row('marks', user, conversation)
    const marks = rows.marks.decode(row.payload)
    await shards.put(row, rows.marks.encode({ ...marks, ...change(marks) }))
  }
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
        const { position } = readListKey(row.key, row.rowLength)
        const key = keys.recent(userPartition('ben'), position - 1, annBen)
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
      async (shards) => {
        const row = await shards.row('contact', 'ann', 'ben')
        const contact = rows.contact.decode(row.payload)
        await shards.put(row, rows.contact.encode({ ...contact, blocked: true }))
      },
    ],
    [
      'a contact that changed behind its last change',
      ['feed'],
      async (shards) => {
        const row = await shards.row('contact', 'ann', 'ben')
        const contact = rows.contact.decode(row.payload)
        await shards.put(row, rows.contact.encode({ ...contact, position: contact.position + 1 }))
      },
    ],
    [
      'a profile that changed behind its last change',
      ['feed'],
      async (shards) => {
        const row = await shards.row('profile', 'ann')
        const profile = rows.profile.decode(row.payload)
        await shards.put(row, rows.profile.encode({ ...profile, position: profile.position + 1 }))
      },
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
        const key = keys.marks(userPartition('ben'), directConversationId('ben', 'cem'))
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
    expect(await findingsAfter(edit)).toEqual(expected)
  })
})

describe('body files', () => {
  async function damageBodies(
    edit: (path: string, names: string[]) => Promise<unknown>,
  ): Promise<VerifyReport> {
    const location = await temporaryDirectory()
    await cp(sample, location, { recursive: true })
    const bodies = join(location, 'bodies')
    await edit(bodies, (await readdir(bodies)).sort())
    return verified(location)
  }

  test('a missing one is one finding, however many rows point to it', async () => {
    const report = await damageBodies((path, [name]) => unlink(join(path, name!)))
    expect(kindsOf(report)).toEqual(['bodyMissing'])
    expect(report.findings).toHaveLength(1)
  })

  test.each([
    [10, 'bodyHeader'],
    [60, 'block'],
  ] as const)('a bit flipped at %i', async (at, kind) => {
    const report = await damageBodies(async (path, [name]) => {
      const bytes = await readFile(join(path, name!))
      bytes[at]! ^= 1
      await writeFile(join(path, name!), bytes)
    })
    expect(kindsOf(report)).toEqual([kind])
  })

  test('one that ends too early', async () => {
    const report = await damageBodies(async (path, [name]) => {
      const bytes = await readFile(join(path, name!))
      await writeFile(join(path, name!), bytes.subarray(0, bytes.length - 1))
    })
    expect(kindsOf(report)).toEqual(['block'])
  })

  test('one that nothing points to is counted and no damage', async () => {
    const location = await temporaryDirectory()
    await cp(sample, location, { recursive: true })
    const store = await openSample(location)
    // A generation without messages has no body file.
    await store.contacts.add('ann', 'nobody')
    await store.admin.checkpoint()
    const cut = (await store.admin.stats()).position
    await store.close()
    const bodies = join(location, 'bodies')
    const [name] = await readdir(bodies)
    const storeId = (await readFile(join(bodies, name!))).subarray(8, 24)
    await writeFile(join(bodies, bodyFileName(cut)), encodeBodyHeader(storeId, cut), { flag: 'wx' })
    const report = await verified(location)
    expect(report.findings).toEqual([])
    expect(report.checked['orphaned body files']).toBe(1)
  })
})

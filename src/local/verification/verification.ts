import type { VerifyOptions, VerifyReport } from '../../backend/port.js'
import { isColumbaError } from '../../errors.js'
import { describeKey } from '../../formats/keys.js'
import { BodyCheck } from './body-check.js'
import { Findings } from './findings.js'
import { GroupCheck } from './group-check.js'
import { groupPlace, nameOf, userPlace, type PartitionPlace } from './partition.js'
import type { CheckContext } from './run-walk.js'
import { damaged, isUnreadable, type StoreSource } from './store-source.js'
import { UserCheck } from './user-check.js'

const rowsPerReport = 10_000
const tablesPerReport = 64

/**
 * Reads everything and holds it against itself, partition by partition; memory grows with the largest partition (without
 * its messages), never with the store. Changes nothing.
 */
export async function verifySource(
  source: StoreSource,
  { onProgress }: VerifyOptions,
): Promise<VerifyReport> {
  const findings = new Findings()
  const bodies = new BodyCheck(source, findings)
  await bodies.headers((items, total) => onProgress?.({ part: 'body files', items, total }))
  for (let shard = 0; shard < source.shards; shard++) {
    await checkTables(source, findings, shard, (tables) =>
      onProgress?.({ part: `tables of shard ${shard}`, items: tables, total: null }),
    )
    const items = await verifyShard({ source, findings, bodies }, shard, (rows) =>
      onProgress?.({ part: `shard ${shard}`, items: rows, total: null }),
    )
    onProgress?.({ part: `shard ${shard}`, items, total: items })
  }
  bodies.countOrphans()
  return findings.report
}

/**
 * Rows are read below one after the other, as they lie in the tables. Whoever asks LevelDB for one goes by filters, index and
 * restarts, which have no seals; and LevelDB looks at no checksum of its own.
 */
async function checkTables(
  source: StoreSource,
  findings: Findings,
  shard: number,
  onTables: (tables: number) => void,
): Promise<void> {
  let tables = 0
  for await (const { name, isSound } of source.tables(shard)) {
    findings.countTable(shard, name, isSound)
    if (++tables % tablesPerReport === 0) onTables(tables)
  }
}

async function verifyShard(
  context: CheckContext,
  shard: number,
  onRows: (rows: number) => void,
): Promise<number> {
  const { source, findings } = context
  let current: { check: UserCheck | GroupCheck | null; prefix: Buffer } | null = null
  let items = 0
  for await (const [key, payload] of readable(source.rows(shard), () =>
    findings.add('shard', `shard ${shard}`),
  )) {
    if (++items % rowsPerReport === 0) onRows(items)
    const described = describeKey(key)
    if (described === null) {
      findings.add('unknownRow', `shard ${shard}`)
      continue
    }
    const { kind, owner, prefixLength, family } = described
    findings.count(family)
    if (current === null || !key.subarray(0, prefixLength).equals(current.prefix)) {
      await current?.check?.end()
      const place = kind === 'user' ? userPlace(owner, shard) : groupPlace(owner, shard)
      current = { check: checkOf(context, place), prefix: place.prefix }
    }
    const where = `shard ${shard}, ${kind} ${JSON.stringify(owner)}, ${family}`
    if (payload === damaged) {
      findings.add('damagedValue', where)
      current.check?.damaged(family, key)
      continue
    }
    try {
      await current.check?.row(family, key, payload)
    } catch (error) {
      if (!isUnreadable(error)) throw error
      findings.add('unreadable', where)
      current.check?.damaged(family, key)
    }
  }
  await current?.check?.end()
  return items
}

/** Null for a partition that does not belong there: nothing of it fits, and one finding says that. */
function checkOf(context: CheckContext, place: PartitionPlace): UserCheck | GroupCheck | null {
  if (context.source.shardOf(place.id) !== place.shard) {
    context.findings.add('wrongShard', nameOf(place))
    return null
  }
  return place.kind === 'user' ? new UserCheck(context, place) : new GroupCheck(context, place)
}

/** Ends where the database itself refuses to go on. */
async function* readable<T>(items: AsyncIterable<T>, onDamage: () => void): AsyncGenerator<T, void> {
  const iterator = items[Symbol.asyncIterator]()
  try {
    for (;;) {
      let next: IteratorResult<T>
      try {
        next = await iterator.next()
      } catch (error) {
        if (!isColumbaError(error, 'CORRUPT')) throw error
        onDamage()
        return
      }
      if (next.done === true) return
      yield next.value
    }
  } finally {
    await iterator.return?.()
  }
}

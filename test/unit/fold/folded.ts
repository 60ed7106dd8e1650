import { readBlock } from '../../../src/formats/block.js'
import { bodyHeaderBytes } from '../../../src/formats/body-file.js'
import { decodeChanges, type StoredChange } from '../../../src/formats/change-list.js'
import { describeKey, readNumberedKey } from '../../../src/formats/keys.js'
import { rows } from '../../../src/formats/rows.js'
import { Fold } from '../../../src/local/fold/fold.js'
import type { RecordRange } from '../../../src/local/fold/sink.js'

/** One row put, or (null) deleted. */
export interface RowWrite {
  readonly shard: number
  readonly key: string
  readonly value: string | null
}

/** What a generation writes: rows in order, and the bytes of its body file without the header. */
export interface Folded {
  readonly writes: readonly RowWrite[]
  readonly file: number
  readonly blocks: Buffer
}

/** Rows by shard and key, in hexadecimal. */
export type Rows = Map<string, string>

export function fold(range: RecordRange): Folded {
  const one = new Fold({ hashSeed: 77, shardOf: (id) => id.length % 3 })
  finish(one.add(range))
  const blocks: Buffer[] = []
  let offset = bodyHeaderBytes
  finish(
    one.blocks((block) => {
      blocks.push(block)
      offset += block.length
      return offset - block.length
    }),
  )
  const writes: RowWrite[] = []
  const sink = {
    put: (shard: number, key: Buffer, value: Buffer) =>
      writes.push({ shard, key: key.toString('hex'), value: value.toString('hex') }),
    del: (shard: number, key: Buffer) => writes.push({ shard, key: key.toString('hex'), value: null }),
  }
  finish(one.rows(sink, one.last))
  return { writes, file: one.last, blocks: Buffer.concat(blocks) }
}

function finish(steps: Generator<void>): void {
  while (steps.next().done !== true);
}

/** How often the fold pauses although it has put no row since it paused last. */
export function stepsWithoutRows(range: RecordRange): number {
  const one = new Fold({ hashSeed: 77, shardOf: () => 0 })
  finish(one.add(range))
  finish(one.blocks(() => 0))
  let count = 0
  let hasPut = false
  const sink = { put: () => void (hasPut = true), del: () => undefined }
  for (const _ of one.rows(sink, one.last)) {
    if (!hasPut) count++
    hasPut = false
  }
  return count
}

/** What the lists of all groups say. */
export function changesOf({ writes }: Folded): StoredChange[] {
  return writes.flatMap(({ key, value }) => {
    const described = describeKey(Buffer.from(key, 'hex'))
    if (described?.kind !== 'group' || described.family !== 'changes' || value === null) return []
    return decodeChanges(Buffer.from(value, 'hex'), null)
  })
}

export function apply(state: Rows, writes: Iterable<RowWrite>): Rows {
  for (const { shard, key, value } of writes) {
    if (value === null) state.delete(`${shard}/${key}`)
    else state.set(`${shard}/${key}`, value)
  }
  return state
}

/** Without the pointers to marks that have a newer one behind them: they say nothing. */
function newest(changes: readonly StoredChange[]): StoredChange[] {
  const seen = new Set<string>()
  return changes
    .toReversed()
    .filter((change) => {
      if (change.kind !== 'read' && change.kind !== 'delivered') return true
      const of = JSON.stringify([change.kind, change.conversation, change.user])
      return !seen.has(of) && seen.add(of)
    })
    .toReversed()
}

/** What the rows say, however they are cut into generations: runs as their messages, changes and own messages joined. */
export function meaning(state: Rows, files: ReadonlyMap<number, Buffer>): Map<string, unknown> {
  const said = new Map<string, unknown>()
  const join = (name: string, more: readonly unknown[]): void => {
    said.set(name, [...((said.get(name) as unknown[] | undefined) ?? []), ...more])
  }
  for (const [place, value] of [...state].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const key = Buffer.from(place.slice(place.indexOf('/') + 1), 'hex')
    const payload = Buffer.from(value, 'hex')
    const described = describeKey(key)
    if (described === null) throw new Error('a key that is none')
    const { kind, owner: id, family, prefixLength } = described
    const partition = `${family} ${key.subarray(0, prefixLength).toString('hex')}`
    if (family === 'changes') join(partition, decodeChanges(payload, kind === 'user' ? id : null))
    else if (family === 'own')
      join(`${partition} ${readNumberedKey(key, prefixLength).id}`, rows.own.decode(payload).seqs)
    else if (family === 'runs') {
      const run = rows.run.decode(payload)
      const start = run.offset - bodyHeaderBytes
      const block = files.get(run.file)?.subarray(start, start + run.length) as Buffer
      const { entries, head } = readBlock(block)
      join(
        `${partition} ${readNumberedKey(key, prefixLength).id}`,
        entries.map(({ seq, position, timestamp, author, start: from, end }, i) => ({
          seq,
          position,
          timestamp,
          author: head.senders[author] ?? author,
          body: block.toString('hex', from, end),
          hash: run.hashes[i],
        })),
      )
    } else if (family === 'copy') {
      // Which generation it was goes by where that one ends.
      said.set(place, rows.touched.decode(payload) > 0)
    } else said.set(place, value)
  }
  // Of marks that overtake each other within a generation only the last is told of.
  for (const [name, changes] of said)
    if (name.startsWith('changes ')) said.set(name, newest(changes as StoredChange[]))
  return said
}

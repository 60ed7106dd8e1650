import { bodyHeaderBytes } from '../../formats/body-file.js'
import type { BodyFiles } from '../bodies/body-files.js'
import { Fold } from '../fold/fold.js'
import type { RecordRange, RowSink } from '../fold/sink.js'
import type { ShardWriter } from '../shards/shard-writer.js'

export interface FlushParts {
  /** By shard. */
  readonly writers: readonly ShardWriter[]
  readonly bodies: BodyFiles
  readonly hashSeed: number
  readonly shardOf: (id: string) => number
}

/** Conversations (or spans of records) between two looks at what else there is to do: well under 0.3 ms. */
const stepsPerSlice = 24

type Pause = (() => Promise<void>) | undefined

/**
 * Writes one generation to the shards: fold, body file, rows. What it writes depends on the records alone, so it may be
 * repeated after a crash. It resolves when all rows have been accepted; durable they are at the next checkpoint.
 * `pause`, if given, lets others on this thread run now and then. `before` is the flush of the generation before: while that
 * one is still writing, this one is folded, which nobody can see.
 *
 * IMPORTANT: nothing of a generation is written before all of the one before it, and nothing at all if that has failed.
 */
export async function flushRecords(
  parts: FlushParts,
  ranges: Iterable<RecordRange>,
  { before, pause }: { readonly before?: Promise<unknown>; readonly pause?: () => Promise<void> } = {},
): Promise<void> {
  const folded = await foldRecords(parts, ranges, pause)
  await before
  await writeFolded(parts, folded, pause)
}

/** A generation's rows, and the blocks of its body file. */
interface Folded {
  readonly fold: Fold
  readonly blocks: readonly Buffer[]
}

async function foldRecords(parts: FlushParts, ranges: Iterable<RecordRange>, pause: Pause): Promise<Folded> {
  const fold = new Fold(parts)
  for (const range of ranges) await inSlices(fold.add(range), pause)
  const blocks: Buffer[] = []
  let offset = bodyHeaderBytes
  const append = (block: Buffer): number => {
    blocks.push(block)
    const at = offset
    offset += block.length
    return at
  }
  await inSlices(fold.blocks(append), pause)
  return { fold, blocks }
}

/** IMPORTANT: the body file is durable before the first row that points into it is handed over. */
async function writeFolded(
  { writers, bodies }: FlushParts,
  { fold, blocks }: Folded,
  pause: Pause,
): Promise<void> {
  // Behind a failure not even the body file is begun.
  for (const writer of writers) writer.throwIfFailed()
  if (blocks.length > 0) await bodies.write(fold.last, blocks)
  const sink: RowSink = {
    put: (shard, key, value) => {
      writers[shard]?.put(key, value)
    },
    del: (shard, key) => {
      writers[shard]?.del(key)
    },
  }
  await inSlices(fold.rows(sink, fold.last), async () => {
    await pause?.()
    for (const writer of writers) if (writer.pending > 2) await writer.drained()
  })
  await Promise.all(writers.map((writer) => writer.flush()))
}

/** Runs a generator to its end and pauses now and then. */
async function inSlices(steps: Generator<void>, pause: Pause): Promise<void> {
  let left = stepsPerSlice
  while (steps.next().done !== true) {
    if (--left > 0) continue
    left = stepsPerSlice
    if (pause !== undefined) await pause()
  }
}

import { bodyHeaderBytes } from '../formats/body-file.js'
import type { Clock } from '../platform/clock.js'
import type { BodyFiles } from './bodies/body-files.js'
import { Fold } from './fold/fold.js'
import type { RecordRange, RowSink } from './fold/sink.js'
import type { ShardSet } from './shards/shard-set.js'

export interface FlushParts {
  readonly shards: ShardSet
  readonly bodies: BodyFiles
  readonly clock: Clock
  readonly hashSeed: number
  readonly shardOf: (id: string) => number
}

/** Conversations (or spans of records) between two looks at what else there is to do: well under 0.3 ms. */
const stepsPerSlice = 24

/**
 * Writes one generation to the shards: fold, body file, rows. What it writes depends on the records alone, so it may be
 * repeated after a crash. It resolves when all rows have been accepted; durable they are at the next checkpoint.
 *
 * IMPORTANT: the body file is durable before the first row that points into it is handed over.
 */
export async function flushRecords(parts: FlushParts, ranges: Iterable<RecordRange>): Promise<void> {
  const { shards, bodies, clock } = parts
  const fold = new Fold(parts)
  for (const range of ranges) await inSlices(fold.add(range), clock)

  const blocks: Buffer[] = []
  let offset = bodyHeaderBytes
  const append = (block: Buffer): number => {
    blocks.push(block)
    const at = offset
    offset += block.length
    return at
  }
  await inSlices(fold.blocks(append), clock)
  if (blocks.length > 0) await bodies.write(fold.last, blocks)

  const sink: RowSink = {
    put: (shard, key, value) => {
      shards.shard(shard).writer.put(key, value)
    },
    del: (shard, key) => {
      shards.shard(shard).writer.del(key)
    },
  }
  await inSlices(fold.rows(sink, fold.last), clock, async () => {
    for (const { writer } of shards.shards) if (writer.pending > 2) await writer.drained()
  })
  await shards.flush()
}

/** Runs a generator to its end and lets others run now and then. */
async function inSlices(steps: Generator<void>, clock: Clock, between?: () => Promise<void>): Promise<void> {
  let left = stepsPerSlice
  while (steps.next().done !== true) {
    if (--left > 0) continue
    left = stepsPerSlice
    await clock.yield()
    if (between !== undefined) await between()
  }
}

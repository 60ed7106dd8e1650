import { join } from 'node:path'
import type { StoreComponents } from '../../backend/settings.js'
import { emptyFrame, frameTypes, recordLengthBytes } from '../../formats/frames.js'
import { hashSeedOf } from '../../formats/id-hash.js'
import type { Manifest } from '../../formats/manifest.js'
import { encodeSegmentHeader, logStart, segmentHeaderBytes, segmentName } from '../../formats/segment.js'
import { bodiesName, logName } from '../../formats/store-names.js'
import { threadPoolSize } from '../../platform/thread-pool.js'
import { writeAside } from '../../platform/whole-files.js'
import { BodyFiles } from '../bodies/body-files.js'
import { flushRecords } from '../background/flusher.js'
import type { RecordRange } from '../fold/sink.js'
import { ManifestFile, newEpoch } from '../manifest-file.js'
import type { Replay, ReplayedRecord } from '../repair/replay.js'
import { Ring } from '../ring/ring.js'
import { openClassicLevel } from '../shards/classic-level-opener.js'
import { ShardSet } from '../shards/shard-set.js'
import type { LocalTuning } from '../tuning.js'

export interface WriteParts {
  readonly components: StoreComponents
  /** Where the new store is made. */
  readonly directory: string
  /** Of the old one. */
  readonly manifest: Manifest
  readonly replay: Replay
  readonly tuning: LocalTuning
}

/**
 * Writes a store of the replayed records: they are cut into generations and go through the same fold as everything else, so
 * all rows come out as a flush would have written them. A new time line begins: tokens of before are of no use.
 */
export async function writeRepaired({
  components,
  directory,
  manifest,
  replay,
  tuning,
}: WriteParts): Promise<void> {
  const { fileSystem, clock, random } = components
  const { storeId, shardIds, ringSecret, virtualNodes } = manifest
  const position = Math.max(manifest.checkpoint, replay.lastPosition)
  const epoch = newEpoch(random, manifest.epoch)
  const bodyDirectory = join(directory, bodiesName)
  await fileSystem.makeDirectory(bodyDirectory)
  const shards = await ShardSet.create(
    {
      directory,
      storeId,
      shardIds,
      fileSystem,
      clock,
      opener: openClassicLevel,
      threadPoolSize,
      tuning,
      onFailure: () => undefined,
    },
    epoch,
  )
  const bodies = new BodyFiles({ directory: bodyDirectory, fileSystem, storeId })
  const ring = new Ring({ secret: ringSecret, shards: shardIds.length, virtualNodes })
  try {
    const flush = {
      writers: shards.shards.map(({ writer }) => writer),
      bodies,
      hashSeed: hashSeedOf(ringSecret),
      shardOf: (id: string) => ring.shardOf(id),
    }
    for await (const records of replay.generations(tuning.generationBytes))
      await flushRecords(flush, records.map(rangeOf))
    await shards.checkpoint({ position, epoch })
  } finally {
    await shards.close()
    await bodies.close()
  }
  await fileSystem.syncDirectory(bodyDirectory)
  await writeLog(components, join(directory, logName), storeId, position)
  await new ManifestFile(fileSystem, directory).replace({
    ...manifest,
    epoch,
    checkpoint: position,
    lastTimestamp: Math.max(manifest.lastTimestamp, replay.lastTimestamp),
    clean: true,
    created: true,
    lossy: false,
  })
}

function rangeOf({ position, bytes }: ReplayedRecord): RecordRange {
  const content = Buffer.allocUnsafe(recordLengthBytes + bytes.length)
  content.writeUInt32LE(bytes.length)
  bytes.copy(content, recordLengthBytes)
  return { bytes: content, start: 0, end: content.length, firstPosition: position, count: 1 }
}

/** A log that was closed at this position and holds nothing. */
async function writeLog(
  { fileSystem, random }: StoreComponents,
  directory: string,
  storeId: Uint8Array,
  position: number,
): Promise<void> {
  await fileSystem.makeDirectory(directory)
  const epoch = Buffer.from(random.bytes(4)).readUInt32LE(0)
  const firstPosition = position + 1
  const header = encodeSegmentHeader({
    storeId,
    number: 1,
    epoch,
    firstPosition,
    previous: { ...logStart, lastPosition: position },
  })
  const offset = segmentHeaderBytes
  const end = emptyFrame(epoch, { type: frameTypes.end, offset, firstPosition, syncedOffset: offset })
  await writeAside(fileSystem, join(directory, segmentName(1)), [header, end])
  await fileSystem.syncDirectory(directory)
}

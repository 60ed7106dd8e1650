import { parentPort, workerData } from 'node:worker_threads'
import { nodeFileSystem } from '../platform/node-file-system.js'
import { BodyFiles } from './bodies/body-files.js'
import { flushRecords } from './flusher.js'
import type { RecordRange } from './fold/sink.js'
import type { FlushThreadData, FromThread, ToThread } from './flush-thread.js'
import { Ring } from './ring/ring.js'
import { CallSlots } from './shards/call-slots.js'
import { openClassicLevel } from './shards/classic-level-opener.js'
import { ShardFailure } from './shards/shard-failure.js'
import { ShardWriter } from './shards/shard-writer.js'
import { packError } from './thread-error.js'

/** The body of the flush thread; flush-thread.ts is its other side. */
const data = workerData as FlushThreadData
const port = parentPort
if (port === null) throw new Error('this module is the body of a worker thread')

const { tuning } = data
const ring = new Ring({
  secret: data.ringSecret,
  shards: data.shardLocations.length,
  virtualNodes: data.virtualNodes,
})
const bodies = new BodyFiles({
  directory: data.bodyDirectory,
  fileSystem: nodeFileSystem,
  storeId: data.storeId,
})
const failure = new ShardFailure(() => undefined)
const slots = new CallSlots(Math.max(1, data.threadPoolSize - 2))
const opening = Promise.all(
  data.shardLocations.map(async (location, shard) => {
    const database = await openClassicLevel(location, { create: false, ...tuning })
    return {
      database,
      writer: new ShardWriter({ shard, database, failure, slots, batchBytes: tuning.batchBytes }),
    }
  }),
)
const parts = opening.then((opened) => {
  const writers = opened.map(({ writer }) => writer)
  return { writers, bodies, hashSeed: data.hashSeed, shardOf: (id: string) => ring.shardOf(id) }
})
// Whoever asks for the parts hears of a failure; nobody may have asked yet.
parts.catch(() => undefined)

/** Of flushes that have not been told yet what has become of the one before. */
const told = new Map<number, (isWritten: boolean) => void>()
const underWay = new Set<Promise<void>>()

port.on('message', (message: ToThread) => {
  if (message.kind === 'write' || message.kind === 'drop') {
    told.get(message.id)?.(message.kind === 'write')
    told.delete(message.id)
    return
  }
  void answer(message).then((reply) => {
    port.postMessage(reply)
  })
})

async function answer(message: ToThread): Promise<FromThread> {
  const { id } = message
  try {
    if (message.kind === 'flush') await flush(id, message.ranges.map(asBuffer))
    else await close()
    return { kind: 'done', id }
  } catch (error) {
    return { kind: 'failed', id, error: packError(error) }
  }
}

async function flush(id: number, ranges: readonly RecordRange[]): Promise<void> {
  const before = new Promise<void>((resolve, reject) => {
    told.set(id, (isWritten) => {
      if (isWritten) resolve()
      else reject(new Error('the flush of the generation before has failed'))
    })
  })
  // Asked for when the generation has been folded.
  before.catch(() => undefined)
  const flushing = parts.then((all) => flushRecords(all, ranges, { before }))
  underWay.add(flushing)
  await flushing.finally(() => underWay.delete(flushing))
}

async function close(): Promise<void> {
  await Promise.allSettled(underWay)
  for (const { writer, database } of await opening) await writer.close().then(() => database.close())
}

/** A Buffer arrives as a plain array over the same memory. */
function asBuffer<T extends { readonly bytes: Uint8Array }>(range: T): T & { readonly bytes: Buffer } {
  const { buffer, byteOffset, byteLength } = range.bytes
  return { ...range, bytes: Buffer.from(buffer, byteOffset, byteLength) }
}

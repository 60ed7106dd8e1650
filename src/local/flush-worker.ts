import { parentPort, workerData } from 'node:worker_threads'
import { nodeFileSystem } from '../platform/node-file-system.js'
import { BodyFiles } from './bodies/body-files.js'
import { flushRecords } from './flusher.js'
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

port.on('message', (message: ToThread) => {
  void answer(message).then((reply) => {
    port.postMessage(reply)
  })
})

async function answer(message: ToThread): Promise<FromThread> {
  try {
    if (message.kind === 'flush') await flushRecords(await parts, message.ranges.map(asBuffer))
    else for (const { writer, database } of await opening) await writer.close().then(() => database.close())
    return { kind: 'done' }
  } catch (error) {
    return { kind: 'failed', error: packError(error) }
  }
}

/** A Buffer arrives as a plain array over the same memory. */
function asBuffer<T extends { readonly bytes: Uint8Array }>(range: T): T & { readonly bytes: Buffer } {
  const { buffer, byteOffset, byteLength } = range.bytes
  return { ...range, bytes: Buffer.from(buffer, byteOffset, byteLength) }
}

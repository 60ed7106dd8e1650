import { parentPort, workerData } from 'node:worker_threads'
import { systemClock } from '../../platform/clock.js'
import { nodeFileSystem } from '../../platform/node-file-system.js'
import { yieldProcessors } from '../../platform/thread-priority.js'
import { BodyFiles } from '../bodies/body-files.js'
import { flushRecords } from './flusher.js'
import type { FlushThreadData, FromThread, ToThread } from './flush-thread.js'
import { Ring } from '../ring/ring.js'
import { CallSlots } from '../shards/call-slots.js'
import { openClassicLevel } from '../shards/classic-level-opener.js'
import { ShardFailure } from '../shards/shard-failure.js'
import { ShardWriter } from '../shards/shard-writer.js'
import { packError } from './thread-error.js'
import { InlineTidyRunner } from './tidy-runner.js'

/** The body of the flush thread; flush-thread.ts is its other side. */
const data = workerData as FlushThreadData
const port = parentPort
if (port === null) throw new Error('this module is the body of a worker thread')

const { tuning } = data
// Senders wait for the main thread, and no caller for the flush. More than this, and a machine that is busy with something else
// stops the flush, and with it, in the end, the log.
yieldProcessors(5)
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
const failure = new ShardFailure((error) => tell({ kind: 'distrusted', error: packError(error) }))
const slots = CallSlots.inPoolOf(data.threadPoolSize)
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
// The call that needs the parts hears of a failure; there may be none yet.
parts.catch(() => undefined)

const tidy = parts.then(
  (opened) =>
    new InlineTidyRunner({
      ...opened,
      clock: systemClock,
      restMs: tuning.tidyRestMs,
      spareBytes: tuning.spareBytes,
    }),
)
tidy.catch(() => undefined)

port.on('message', (message: ToThread) => {
  if (message.kind === 'hurryTidy') void tidy.then((runner) => runner.hurry(message.on), nobody)
  else if (message.kind === 'stopTidy') void tidy.then((runner) => runner.stop(), nobody)
  else if (message.kind === 'releaseTidy') void tidy.then((runner) => runner.release(), nobody)
  else void answer(message).then(tell)
})

function tell(message: FromThread): void {
  port?.postMessage(message)
}

/** For a failure that the next caller is told of. */
function nobody(): void {}

async function answer(message: Extract<ToThread, { call: number }>): Promise<FromThread> {
  const { call } = message
  try {
    const bytes = await done(message)
    const { writers } = await parts
    const written = writers.map((writer) => writer.written)
    return { call, kind: 'done', bytes, bytesWritten: bodies.bytesWritten, written }
  } catch (error) {
    return { call, kind: 'failed', error: packError(error) }
  }
}

async function done(message: Extract<ToThread, { call: number }>): Promise<number> {
  switch (message.kind) {
    case 'flush':
      await flushRecords(await parts, message.ranges.map(asBuffer))
      return 0
    case 'merge':
      try {
        return await (await tidy).merge(message.merge)
      } finally {
        // They are about to be removed, which gives their room back only when no reader has them open.
        for (const file of message.merge.inputs) await bodies.letGo(file)
      }
    case 'swap':
      try {
        await (await tidy).swap(message.file)
      } finally {
        await bodies.letGo(message.file)
      }
      return 0
    case 'holdTidy':
      await (await tidy).hold()
      return 0
    case 'close':
      for (const { writer, database } of await opening) await writer.close().then(() => database.close())
      await bodies.close()
      return 0
  }
}

/** A Buffer arrives as a plain array over the same memory. */
function asBuffer<T extends { readonly bytes: Uint8Array }>(range: T): T & { readonly bytes: Buffer } {
  const { buffer, byteOffset, byteLength } = range.bytes
  return { ...range, bytes: Buffer.from(buffer, byteOffset, byteLength) }
}

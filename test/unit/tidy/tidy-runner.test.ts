import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { BlockWriter } from '../../../src/formats/block.js'
import { bodyFileOf } from '../../../src/formats/body-file.js'
import { bodyRoom, writeBody } from '../../../src/formats/message-body.js'
import { BodyFiles } from '../../../src/local/bodies/body-files.js'
import type { ShardWriter } from '../../../src/local/shards/shard-writer.js'
import { AdaptiveTidyRunner, InlineTidyRunner } from '../../../src/local/background/tidy-runner.js'
import type { TidyRunner } from '../../../src/local/background/tidy-runner.js'
import type { UserId } from '../../../src/model/ids.js'
import { systemClock } from '../../../src/platform/clock.js'
import { nodeFileSystem } from '../../../src/platform/node-file-system.js'
import { temporaryDirectory } from '../../fixtures/temporary-directory.js'

const conversations = 300
const file = bodyFileOf(1, 100)

/** A merged file of more than a megabyte. */
async function bodiesWithFile(): Promise<BodyFiles> {
  const directory = await temporaryDirectory()
  const bodies = new BodyFiles({ directory, fileSystem: nodeFileSystem, storeId: Buffer.alloc(16, 1) })
  const writer = new BlockWriter()
  const blocks = Array.from({ length: conversations }, (_, n) => {
    const draft = { sender: 'ann' as UserId, id: `m${n}`, text: 'x'.repeat(4096) }
    const bytes = Buffer.alloc(bodyRoom(draft as Parameters<typeof bodyRoom>[0]))
    const end = writeBody(draft as Parameters<typeof writeBody>[0], bytes, 0)
    writer.add(n + 1, 1, 0, bytes, 0, end)
    return writer.finish(null, 1, 0, ['ann', `user-${String(n).padStart(4, '0')}`])
  })
  await bodies.write(file, blocks)
  return bodies
}

/** Takes rows as a shard does, and is slow. */
class SlowShard {
  rows = 0
  flushing = 0

  swap(): void {
    this.rows++
  }

  async flush(): Promise<void> {
    this.flushing++
    await sleep(5)
    this.flushing--
  }
}

test('while somebody holds it no row is handed over and none is on its way; then it goes on', async () => {
  const bodies = await bodiesWithFile()
  const shard = new SlowShard()
  const writers = [shard as unknown as ShardWriter]
  const parts = {
    bodies,
    writers,
    shardOf: () => 0,
    hashSeed: 7,
    clock: systemClock,
    restMs: 1,
    spareBytes: 0,
  }
  const runner = new InlineTidyRunner(parts)
  await runner.hold()
  const swapped = runner.swap(file)
  await sleep(20)
  expect(shard.rows).toBe(0)
  let stops = 0
  for (let before = -1; shard.rows < conversations;) {
    runner.release()
    while (shard.rows === Math.max(0, before)) await sleep(1)
    await runner.hold()
    before = shard.rows
    expect(shard.flushing).toBe(0)
    await sleep(20)
    expect(shard.rows).toBe(before)
    stops++
  }
  runner.release()
  await swapped
  expect(shard.rows).toBe(conversations)
  expect(stops).toBeGreaterThan(2)
  await bodies.close()
})

/** Writes down what it is told. */
function listening(told: string[]): TidyRunner {
  const done = (what: string) => async (): Promise<void> => void told.push(what)
  return {
    merge: async () => told.push('merge'),
    swap: done('swap'),
    hold: done('hold'),
    release: () => told.push('release'),
    hurry: (on) => told.push(`hurry ${on}`),
    stop: () => told.push('stop'),
  }
}

test('a thread that is there for the first merge only is told that it has been stopped, and nothing takes that back', async () => {
  const told: string[] = []
  let thread: TidyRunner | null = null
  const runner = new AdaptiveTidyRunner(listening([]), () => thread)
  runner.stop()
  thread = listening(told)
  await runner.merge({ inputs: [], output: 1 })
  expect(told).toEqual(['hurry false', 'stop', 'merge'])
})

import { beyondEveryKey } from '../../../src/formats/shard-identity.js'
import { isLevelLog } from '../../../src/formats/shard-names.js'
import type { ShardDatabase, ShardOpener } from '../../../src/local/shards/shard-database.js'

export interface LevelScript {
  readonly rowBytes: number
  /** `open`, `flush`, `close`, or a letter: the row of that name is put. */
  readonly steps: string
}

/** A database in a directory of its own, which may be closed and opened again. */
export interface LevelPlace {
  readonly open: ShardOpener
  readonly directory: string
  readonly names: () => Promise<string[]>
}

const options = { create: true, writeBufferBytes: 64 * 1024, blockCacheBytes: 64 * 1024, compression: false }

/**
 * Does what the script says, whatever fails, and tells of each step: of a row whether it was accepted, of a flush how many of the
 * logs from before it are left, of an opening which rows are there.
 */
export async function playScript(
  { open, directory, names }: LevelPlace,
  script: LevelScript,
): Promise<string[]> {
  const told: string[] = []
  let database: ShardDatabase | null = null
  const logs = async (): Promise<string[]> => (await names()).filter(isLevelLog)
  for (const step of script.steps.split(' ')) {
    if (step === 'open') {
      database = await open(directory, options).catch(() => null)
      told.push(database === null ? 'refused' : `there: ${await keysIn(database)}`)
    } else if (database === null) {
      told.push(`${step}: not open`)
    } else if (step === 'close') {
      await database.close()
      database = null
    } else if (step === 'flush') {
      const before = await logs()
      await database.compactRange(beyondEveryKey, beyondEveryKey)
      const after = await logs()
      told.push(`flushed: ${before.filter((name) => after.includes(name)).length} left`)
    } else {
      const row = database.batch()
      row.put(Buffer.from(step), Buffer.alloc(script.rowBytes, step))
      told.push(
        await row.write().then(
          () => `${step}: accepted`,
          () => `${step}: rejected`,
        ),
      )
    }
  }
  await database?.close()
  return told
}

async function keysIn(database: ShardDatabase): Promise<string> {
  const range = { gte: Buffer.of(0), lt: beyondEveryKey, reverse: false, limit: Infinity }
  const iterator = database.iterator({ ...range, fillCache: false, highWaterMarkBytes: 1024 * 1024 })
  let keys = ''
  try {
    for (;;) {
      const rows = await iterator.nextv(100)
      if (rows.length === 0) return keys
      keys += rows.map(([key]) => key.toString()).join('')
    }
  } finally {
    await iterator.close()
  }
}

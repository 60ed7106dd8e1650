import { ColumbaError } from '../errors.js'
import type { Checkpointer } from './background/checkpointer.js'
import type { FilterKeeper } from './background/filter-keeper.js'
import type { FlushRunner } from './background/flush-runner.js'
import type { Tidier } from './background/tidier.js'
import type { BodyFiles } from './bodies/body-files.js'
import type { CommitLog } from './commit-log/commit-log.js'
import type { ConversationFilter } from './memory/conversation-filter.js'
import type { ShardSet } from './shards/shard-set.js'
import type { StoreLock } from './store-lock/store-lock.js'
import type { Telemetry } from './telemetry.js'
import type { Writer } from './writes/writer.js'

/** What holds a store open. */
export interface HeldParts {
  readonly shards: ShardSet
  readonly bodies: BodyFiles
  readonly lock: StoreLock
}

export interface ClosingParts extends HeldParts {
  readonly writer: Writer
  readonly tidier: Tidier
  readonly checkpointer: Checkpointer
  readonly keeper: FilterKeeper
  readonly filter: ConversationFilter
  readonly runner: FlushRunner
  readonly log: CommitLog
  readonly telemetry: Telemetry
  /** What the manifest says. */
  readonly checkpoint: () => number
  /** The manifest says from now on that the store was closed. */
  readonly commitClean: () => Promise<void>
}

/** Closes the store: cleanly, if nothing of it has failed. None of the steps may move. */
export async function closeStore(parts: ClosingParts): Promise<void> {
  const { writer, tidier, checkpointer, keeper, filter, runner, log, shards, telemetry } = parts
  writer.refuse(new ColumbaError('CLOSED', 'the store is closed'))
  try {
    await tidier.stop()
    let clean = log.failed === null && shards.failed === null
    try {
      if (clean) await checkpointer.run()
    } catch {
      clean = false
    }
    await checkpointer.stop()
    if (clean) await tidier.finish()
    await keeper.stop()
    await runner.close()
    await log.close(clean ? parts.checkpoint() : 0)
    clean &&= log.failed === null
    if (clean) {
      await keeper.save(filter, parts.checkpoint())
      await parts.commitClean()
    }
    telemetry.info('the store is closed', { clean })
  } finally {
    await releaseAll(parts)
  }
}

/** Whatever has failed: nothing stays open, and the lock is not kept from the next opening. */
async function releaseAll({ shards, bodies, lock }: HeldParts): Promise<void> {
  try {
    await shards.close()
  } finally {
    try {
      await bodies.close()
    } finally {
      await lock.release()
    }
  }
}

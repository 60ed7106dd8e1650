import type { LocalStats, RecoveryReport } from '../backend/local-stats.js'
import type { Notifier } from '../backend/notifier.js'
import type { Backend } from '../backend/port.js'
import type { StoreComponents, StoreSettings } from '../backend/settings.js'
import { ColumbaError } from '../errors.js'
import { hashSeedOf } from '../formats/id-hash.js'
import type { Manifest } from '../formats/manifest.js'
import { monotonicMs } from '../platform/monotonic.js'
import { systemError } from '../platform/system-errors.js'
import { threadPoolSize } from '../platform/thread-pool.js'
import { Applier } from './writes/applier.js'
import type { BodyFiles } from './bodies/body-files.js'
import { ChangeReader } from './change-reader.js'
import { Checkpointer } from './background/checkpointer.js'
import { closeStore, type ClosingParts, type HeldParts } from './closing.js'
import { CommitLog } from './commit-log/commit-log.js'
import { Contacts } from './contacts.js'
import { ConversationChanges } from './conversation-changes.js'
import { GroupMembers } from './group-members.js'
import { FilterKeeper } from './background/filter-keeper.js'
import { AdaptiveFlushRunner, InlineFlushRunner, OrderedFlush } from './background/flush-runner.js'
import { FlushThread } from './background/flush-thread.js'
import { LargeGroups } from './large-groups.js'
import { Lists } from './lists.js'
import { keepLastMessage } from './reads/last-message.js'
import { Loader } from './reads/loader.js'
import { LocalBackend } from './local-backend.js'
import type { ManifestFile } from './manifest-file.js'
import { Generation } from './memory/generation.js'
import { Memory } from './memory/memory.js'
import { MessageReader } from './reads/message-reader.js'
import { packNode } from './views/packing.js'
import { Participations } from './participations.js'
import { Profiles } from './profiles.js'
import { Recovery, storedThrough } from './background/recovery.js'
import { Repeats } from './repeats.js'
import { Ring } from './ring/ring.js'
import { RowReader } from './reads/row-reader.js'
import { shardsPoisoned } from './shards/shard-failure.js'
import type { ShardSet } from './shards/shard-set.js'
import type { StoreLock } from './store-lock/store-lock.js'
import { storeStats } from './store-stats.js'
import { codeOf, Telemetry } from './telemetry.js'
import { Tidier } from './background/tidier.js'
import { AdaptiveTidyRunner, InlineTidyRunner } from './background/tidy-runner.js'
import type { LocalTuning } from './tuning.js'
import { UnreadTotals } from './unread-totals.js'
import { UserMarks } from './user-marks.js'
import { verifyStore } from './verify.js'
import { Watchers } from './writes/watchers.js'
import { Writer } from './writes/writer.js'

/** Told once the shards cannot be trusted any more; the backend that is being made listens later. */
export interface FailureListener {
  listener: ((error: ColumbaError) => void) | null
}

export interface OpenedParts {
  readonly settings: StoreSettings
  readonly components: StoreComponents
  readonly tuning: LocalTuning
  readonly notifier: Notifier
  readonly lock: StoreLock
  readonly file: ManifestFile
  readonly manifest: Manifest
  readonly shards: ShardSet
  readonly failure: FailureListener
  readonly bodies: BodyFiles
  readonly logDirectory: string
  readonly bodyDirectory: string
  /** The world is the real one, so that a thread can have it as well. */
  readonly threaded: boolean
  /** There would be a thread, had a bundler not left it behind. */
  readonly isWorkerMissing: boolean
  /** How the store was left. */
  readonly last: 'new' | 'clean' | 'unclean'
  /** What to do if opening fails later on. */
  readonly undo: (() => Promise<unknown>)[]
}

/**
 * Recovers the log into the shards and puts the parts of the backend together, each after what it needs. Those that need each
 * other (the log and its writer, flush and recovery, everything and `fail`) are tied by closures; so this is one function, in the
 * order of an opening: the flush, the manifest, memory and the writer, the log, and the background. `backendOf` makes of them
 * what calls go to.
 */
export async function assembleBackend(opened: OpenedParts): Promise<Backend<LocalStats>> {
  const { settings, components, tuning, notifier, manifest, shards, bodies } = opened
  const { clock, random, fileSystem } = components

  // ---- the flush and the tidy, on this thread or on one of their own

  const telemetry = new Telemetry(components, monotonicMs)
  const ring = new Ring({
    secret: manifest.ringSecret,
    shards: manifest.shardIds.length,
    virtualNodes: manifest.virtualNodes,
  })
  const hashSeed = hashSeedOf(manifest.ringSecret)
  const flushParts = {
    writers: shards.shards.map(({ writer }) => writer),
    bodies,
    hashSeed,
    shardOf: (id: string) => ring.shardOf(id),
  }
  const inline = new InlineFlushRunner(flushParts, clock)
  const makeThread = (): FlushThread =>
    new FlushThread(
      {
        shardLocations: shards.shards.map(({ directory }) => directory),
        bodyDirectory: opened.bodyDirectory,
        storeId: manifest.storeId,
        ringSecret: manifest.ringSecret,
        virtualNodes: manifest.virtualNodes,
        hashSeed,
        threadPoolSize,
        tuning,
      },
      fail,
    )
  const threaded = opened.threaded
    ? new AdaptiveFlushRunner(inline, makeThread, tuning.flushThreadBytes)
    : null
  const runner = threaded ?? inline
  opened.undo.push(() => runner.close())
  const { tidyRestMs: restMs, spareBytes } = tuning
  const tidyRunner = new AdaptiveTidyRunner(
    new InlineTidyRunner({ ...flushParts, clock, restMs, spareBytes }),
    () => (threaded?.thread?.isGone === false ? threaded.thread : null),
  )
  const recovery: Recovery = new Recovery(manifest.checkpoint, (ranges) => flush.flush(ranges))
  const flush = new OrderedFlush(runner, recovery.allowed)
  // The runner is closed after it, and waits for what is under way.
  opened.undo.push(() => Promise.resolve(recovery.forbid()))
  const keeper = new FilterKeeper(fileSystem, settings.location)
  const filter = await keeper.load(manifest.checkpoint, opened.last)

  // ---- the manifest

  let current = manifest
  const commitManifest = async (change: Partial<Manifest>): Promise<void> => {
    const next = { ...current, ...change }
    await opened.file.replace(next)
    current = next
  }

  // ---- memory and the writer

  let writingEnded = false
  let checkpointer: Checkpointer
  /** The same, and null before it is made: the log is opened before. */
  let checkpointerSoFar: Checkpointer | null = null
  let tidier: Tidier
  const first = new Generation(0, 0, dropGeneration)
  const memory = new Memory(
    {
      maxBytes: settings.cacheBytes,
      exactIds: tuning.exactIds,
      keptAside: tuning.keptAside,
      tierSize: settings.cacheTierSize,
      later: (task) => void components.clock.yield().then(task).catch(memoryFailed),
      pack: packNode,
    },
    first,
  )
  function dropGeneration(generation: Generation): void {
    memory.dropped(generation, (touched) => keepLastMessage(memory, touched))
  }
  /**
   * A trim needs no memory: what it throws is a bug, and messages are numbered by what memory says. So nothing is written any
   * more, as after a bug in what the log calls; and the user's process does not end for it.
   */
  function memoryFailed(error: unknown): void {
    // It is told once.
    if (writer.refusal !== null) return
    const message = 'the cache could not be trimmed; the store takes no more writes until it is opened again'
    writer.refuse(new ColumbaError('POISONED', message, {}, error))
    telemetry.error('the cache has failed', { code: codeOf(error) })
  }
  const watchers = new Watchers(notifier)
  const applier = new Applier(memory, {
    watchers,
    filter,
    onFrozen: (generation) => checkpointerSoFar?.frozen(generation),
    onDrop: dropGeneration,
  })
  const { limits } = settings
  const writer = new Writer(
    {
      limits,
      clock,
      hashSeed,
      // What is in a generation that is not closed yet can be made unnecessary by no checkpoint.
      generationBytes: Math.min(tuning.generationBytes, limits.logBytes / 2),
      generationObjects: tuning.generationObjects,
      onRefused: () => telemetry.count('log.refused', 1),
    },
    applier,
  )
  // ---- the log, which is recovered while it is opened

  const { log, report } = await CommitLog.open(
    {
      directory: opened.logDirectory,
      fileSystem,
      clock,
      random,
      storeId: manifest.storeId,
      segmentBytes: tuning.segmentBytes,
      chunkBytes: tuning.chunkBytes,
      durability: { syncEveryMs: settings.syncEveryMs },
      closeSucceeded: opened.last === 'clean',
      onGroup: (group) => {
        writer.onGroup(group)
        checkpointerSoFar?.written()
      },
      watcher: telemetry.listens ? telemetry : undefined,
      onFailure: (failure) => {
        writer.onFailure(failure)
        const { unknownThrough, cause } = failure
        telemetry.error('the commit log has failed', { unknownThrough, code: codeOf(cause) })
        if (writer.refusal !== null) endWriting(writer.refusal)
      },
    },
    {
      afterPosition: manifest.checkpoint,
      storedThrough: storedThrough(shards.checkpoints, await bodies.list()),
      onFound: recovery.find,
      onSettled: recovery.allow,
      onRecovered: recovery.take,
    },
  )
  // ---- the background; from here on the log has to be closed if something fails

  try {
    if (report.tornBytes > 0) {
      telemetry.warn('a torn end of the log was cut off and kept aside', {
        bytes: report.tornBytes,
        file: report.tornFile,
      })
    }
    writer.attach(log, Math.max(manifest.lastTimestamp, recovery.lastTimestamp))
    tidier = new Tidier({
      bodies,
      runner: tidyRunner,
      onPoisoned: fail,
      clock,
      // What the manifest says durably, and not what it is about to say.
      checkpoint: () => checkpointerSoFar?.checkpoint ?? manifest.checkpoint,
      tuning,
      telemetry,
    })
    // A checkpoint of the recovery may have woken it; the body files are closed after it.
    opened.undo.push(() => tidier.stop())
    checkpointerSoFar = checkpointer = new Checkpointer(
      { shards, flush, clock, memory, log, writer, telemetry },
      {
        checkpointBytes: tuning.checkpointBytes,
        maxLogBytes: limits.logBytes,
        maxWaitingGenerations: tuning.maxWaitingGenerations,
        spareBytes,
        sparedMs: tuning.copyRestMs,
        freeBytes: () => fileSystem.freeBytes(settings.location),
        commitManifest: (checkpoint) => commitManifest({ checkpoint, lastTimestamp: writer.lastTimestamp }),
        onFailure: fail,
        epoch: manifest.epoch,
        tidy: tidier,
      },
      manifest.checkpoint,
    )
    opened.undo.push(() => checkpointer.stop())
    await checkpointer.recover(recovery)
    await log.removeThrough(manifest.checkpoint)
    threaded?.opened()
  } catch (error) {
    await log.close().catch(() => undefined)
    throw error
  }

  function fail(error: unknown): void {
    if (writingEnded) return
    const poisoned = shardsPoisoned(error)
    writer.refuse(poisoned)
    endWriting(poisoned)
    telemetry.error('the shards have failed', { code: codeOf(poisoned.cause) })
  }
  /**
   * IMPORTANT: whichever of log and shards has failed, the background begins nothing any more, also where all that it would rest
   * on is durable. The log, if it is sound, still takes what was accepted.
   */
  function endWriting(poisoned: ColumbaError): void {
    writingEnded = true
    // The flush thread writes through handles of its own; no other writer goes on where it has failed.
    shards.distrust(poisoned)
    checkpointerSoFar?.end()
    tidier.stop().catch(() => undefined)
  }
  opened.failure.listener = fail
  const { records, segments, lastPosition } = report
  keeper.begin(filter, shards, records)
  tidier.begin()
  if (opened.isWorkerMissing) telemetry.warn('flush-worker.js is missing: flushes have no thread', {})
  telemetry.info('the store is open', { left: opened.last, records, segments, lastPosition })
  checkpointer.begin()
  return backendOf(opened, {
    ring,
    hashSeed,
    filter,
    memory,
    watchers,
    applier,
    writer,
    log,
    report,
    keeper,
    runner,
    threaded,
    checkpointer,
    tidier,
    telemetry,
    checkpoint: () => current.checkpoint,
    commitClean: () => commitManifest({ clean: true, lastTimestamp: writer.lastTimestamp }),
  })
}

/** What an opening has put together; from here on nothing of it is replaced. */
interface OpenParts extends Omit<ClosingParts, keyof HeldParts> {
  readonly ring: Ring
  readonly hashSeed: number
  readonly memory: Memory
  readonly watchers: Watchers
  readonly applier: Applier
  readonly report: RecoveryReport
  readonly threaded: AdaptiveFlushRunner<FlushThread> | null
}

/** What calls go to. */
function backendOf(opened: OpenedParts, open: OpenParts): Backend<LocalStats> {
  const { settings, components, tuning, manifest, shards, bodies } = opened
  const { clock, random } = components
  const { limits, cacheBytes, cacheTierSize } = settings
  const { ring, hashSeed, filter, memory, watchers, applier, writer, checkpointer, tidier } = open
  const rows = new RowReader((id) => shards.shard(ring.shardOf(id)))
  const loader = new Loader(memory, rows, filter, tuning.keptMembers)
  const messages = new MessageReader({ memory, rows, bodies })
  const participations = new Participations({ memory, loader, messages })
  const contacts = new Contacts({ memory, rows, writer, applier })
  const copies = { from: tuning.copiedFrom, allowed: () => checkpointer.admits() }
  const lists = new Lists({ memory, rows, loader, participations, tierSize: cacheTierSize, copies })
  const largeGroups = new LargeGroups(memory, rows, limits.largeGroupsPerUser)
  const lastTimestamp = (): number => writer.lastTimestamp
  const checkpoint = (look?: () => void): Promise<void> => checkpointer.run(look)
  let closing: Promise<void> | null = null
  return new LocalBackend({
    memory,
    rows,
    loader,
    messages,
    repeats: new Repeats({ memory, rows, messages, writer, hashSeed }),
    participations,
    lists,
    unread: new UnreadTotals({ memory, rows, lists, participations, clock }),
    changes: new ChangeReader({ memory, loader, rows, watchers }),
    conversationChanges: new ConversationChanges({
      memory,
      loader,
      writer,
      applier,
      fanOut: tuning.fanOut,
      contacts,
      largeGroups,
    }),
    members: new GroupMembers({ rows, loader }),
    marks: new UserMarks({ memory, loader, writer, applier }),
    profiles: new Profiles({ memory, rows, writer, applier }),
    contacts,
    writer,
    watchers,
    clock,
    random,
    life: {
      home: { storeId: manifest.storeId, epoch: manifest.epoch },
      stats: () => storeStats({ ...open, shards, bodies, cacheBytes, rows }),
      checkpoint: () => checkpoint(),
      verify: (options) =>
        tidier.still(() =>
          verifyStore({ shards, bodies, ring, hashSeed, lastTimestamp, checkpoint }, options),
        ),
      close: () =>
        (closing ??= closeStore({ ...open, shards, bodies, lock: opened.lock }).catch((error: unknown) =>
          Promise.reject(systemError(error)),
        )),
    },
  })
}

import { dirname, join, resolve } from 'node:path'
import type { LocalStats } from '../backend/local-stats.js'
import { InProcessNotifier, type Notifier } from '../backend/notifier.js'
import type { Backend } from '../backend/port.js'
import { defaultCacheTierSize, type StoreComponents, type StoreSettings } from '../backend/settings.js'
import { ColumbaError, isColumbaError } from '../errors.js'
import type { Manifest } from '../formats/manifest.js'
import { bodiesName, logName } from '../formats/store-names.js'
import { resolveLimits } from '../limits.js'
import { nodeFileSystem } from '../platform/node-file-system.js'
import type { FileSystem } from '../platform/file-system.js'
import { systemError } from '../platform/system-errors.js'
import { ReadPace, systemMeter, timelessMeter } from '../platform/read-pace.js'
import { areThere } from '../platform/module-files.js'
import { systemProcess, type ProcessIdentity } from '../platform/process-identity.js'
import { threadPoolSize } from '../platform/thread-pool.js'
import { flushWorkerParts } from './background/flush-thread.js'
import { BodyFiles } from './bodies/body-files.js'
import { assembleBackend, type FailureListener } from './assemble.js'
import { assertSameLayout, ManifestFile, newEpoch, newManifest } from './manifest-file.js'
import { openClassicLevel } from './shards/classic-level-opener.js'
import { fromRecovery } from './shards/level-error.js'
import type { ShardOpener } from './shards/shard-database.js'
import { ShardSet } from './shards/shard-set.js'
import { StoreLock } from './store-lock/store-lock.js'
import { localTuning, type LocalTuning } from './tuning.js'

/** Parts of the local backend that tests put others in place of. */
export interface LocalComponents {
  readonly opener?: ShardOpener
  readonly notifier?: Notifier
  readonly process?: ProcessIdentity
  readonly tuning?: Partial<LocalTuning>
  /** Makes tokens of before invalid. */
  readonly newTimeLine?: boolean
}

/** A store as it was made, to be opened for a while by itself: with a small cache, and everything durable. */
export function settingsOfExisting(location: string): StoreSettings {
  return {
    location,
    shards: undefined,
    virtualNodes: undefined,
    syncEveryMs: 0,
    cacheBytes: 1 << 20,
    cacheTierSize: defaultCacheTierSize,
    limits: resolveLimits(),
  }
}

const defaultShards = 2
const defaultVirtualNodes = 128

/**
 * Opens the embedded backend, from the lock to the first call: lock, manifest, shards with their identities, log, and
 * everything in the log above the checkpoint flushed once more. Whatever was opened is closed again if a later step fails.
 */
export async function openLocalBackend(
  given: StoreSettings,
  components: StoreComponents,
  local: LocalComponents = {},
): Promise<Backend<LocalStats>> {
  const { fileSystem, clock, random } = components
  // A process that changes its working directory later does not mean another store.
  const directory = resolve(given.location)
  const settings = { ...given, location: directory }
  const made = await guardLocation(() => makeDirectories(fileSystem, directory))
  const lock = await guardLocation(() =>
    StoreLock.acquire({
      directory,
      fileSystem,
      clock,
      random,
      process: local.process ?? systemProcess,
    }),
  )
  // What LevelDB's own lock says counts more than what ours could tell of a holder in another container: until it has let
  // this process in, nobody knows whether that one is alive.
  let isOurs = false
  const undo: (() => Promise<unknown>)[] = [() => lock.release({ giveBack: !isOurs })]
  try {
    const file = new ManifestFile(fileSystem, directory)
    const isReal = fileSystem === nodeFileSystem && (local.opener ?? openClassicLevel) === openClassicLevel
    const tuning = { ...localTuning, readsNow: isReal, ...local.tuning }
    const pace = new ReadPace(tuning.readsNow, isReal ? systemMeter : timelessMeter)
    const { manifest, shards, failure } = await openShards(
      { file, made, settings, components, opener: local.opener ?? openClassicLevel },
      tuning,
      pace,
    )
    isOurs = true
    undo.push(() => shards.close())
    await file.removeLeftovers()
    const bodyDirectory = join(directory, bodiesName)
    const logDirectory = join(directory, logName)
    // IMPORTANT: both names are synced before anything is in these directories that has to outlast a power cut.
    await fileSystem.makeDirectory(bodyDirectory)
    await fileSystem.makeDirectory(logDirectory)
    await fileSystem.syncDirectory(directory)
    const wantsThread = tuning.flushThread && isReal
    const threaded = wantsThread && areThere(flushWorkerParts)
    const openManifest = await markOpen(file, manifest, settings, components, local.newTimeLine === true)
    const bodies = new BodyFiles({ directory: bodyDirectory, fileSystem, storeId: manifest.storeId, pace })
    undo.push(() => bodies.close())
    return await assembleBackend({
      settings,
      components,
      tuning,
      notifier: local.notifier ?? new InProcessNotifier(),
      lock,
      file,
      manifest: openManifest,
      shards,
      failure,
      bodies,
      logDirectory,
      bodyDirectory,
      threaded,
      isWorkerMissing: wantsThread && !threaded,
      last: manifest.created ? (manifest.clean ? 'clean' : 'unclean') : 'new',
      undo,
    })
  } catch (error) {
    for (const step of undo.reverse()) await step().catch(() => undefined)
    throw (isColumbaError(error, 'LOCKED') ? lock.replacedHolder() : null) ?? systemError(fromRecovery(error))
  }
}

/** How many directories had to be made: the store's own and missing ones above it. */
async function makeDirectories(fileSystem: FileSystem, directory: string): Promise<number> {
  let missing = 0
  for (let path = directory; (await fileSystem.stat(path)) === null && dirname(path) !== path;) {
    missing++
    path = dirname(path)
  }
  await fileSystem.makeDirectory(directory)
  return missing
}

/**
 * IMPORTANT: without it a power cut takes the whole new store: nothing else makes its own name durable. The directory may have
 * been made by another opening that was interrupted, so at least one parent is synced before a store is created.
 */
async function syncParents(fileSystem: FileSystem, directory: string, made: number): Promise<void> {
  let path = directory
  for (let synced = 0; synced < Math.max(1, made); synced++) {
    path = dirname(path)
    try {
      await fileSystem.syncDirectory(path)
    } catch (error) {
      // A parent that this user may not read is not one in which this user has made anything just now.
      if (made > synced || (error as NodeJS.ErrnoException).code !== 'EACCES') throw error
    }
  }
}

/** The manifest as it is, or that of a new store, which is not created before its shards are. */
async function readManifest({ file, settings, components }: ShardParts): Promise<Manifest> {
  const found = await file.read()
  if (found !== null) {
    assertSameLayout(found, settings)
    return found
  }
  const manifest = await file.create(
    newManifest(components.random, components.clock.now(), {
      shards: settings.shards ?? defaultShards,
      virtualNodes: settings.virtualNodes ?? defaultVirtualNodes,
    }),
  )
  assertSameLayout(manifest, settings)
  return manifest
}

interface ShardParts {
  readonly file: ManifestFile
  /** Directories that had to be made. */
  readonly made: number
  readonly settings: StoreSettings
  readonly components: StoreComponents
  readonly opener: ShardOpener
}

interface OpenedShards {
  readonly manifest: Manifest
  readonly shards: ShardSet
  readonly failure: FailureListener
}

/**
 * The shards, and the manifest that belongs to them. Before LevelDB's lock is held, a process in another container may have the
 * store: then it is another manifest by now, or another checkpoint, and all begins once more.
 */
async function openShards(parts: ShardParts, tuning: LocalTuning, pace: ReadPace): Promise<OpenedShards> {
  const { file, made, settings, components, opener } = parts
  const { fileSystem, clock } = components
  for (;;) {
    const manifest = await readManifest(parts)
    if (!manifest.created) await syncParents(fileSystem, settings.location, made)
    const failure: FailureListener = { listener: null }
    let isStale = false
    const options = {
      directory: settings.location,
      storeId: manifest.storeId,
      shardIds: manifest.shardIds,
      fileSystem,
      clock,
      opener,
      threadPoolSize,
      tuning,
      pace,
      onFailure: (error: ColumbaError) => failure.listener?.(error),
      onLocked: async () => {
        isStale = !(await file.isStill(manifest))
        if (isStale) throw new ColumbaError('LOCKED', 'another process has opened the store meanwhile')
        if (!manifest.created) await file.assertNeverOpen()
      },
    }
    try {
      const shards = manifest.created
        ? await ShardSet.open(options, manifest.checkpoint)
        : await ShardSet.create(options, manifest.epoch)
      return { manifest, shards, failure }
    } catch (error) {
      if (!isStale) throw error
    }
  }
}

/** From here on the store counts as open, and so its manifest says: what ends without a close is an unclean end. */
async function markOpen(
  file: ManifestFile,
  manifest: Manifest,
  settings: StoreSettings,
  { random }: StoreComponents,
  newTimeLine: boolean,
): Promise<Manifest> {
  const mayHaveLost = manifest.created && !manifest.clean && manifest.lossy
  const openManifest = {
    ...manifest,
    created: true,
    clean: false,
    lossy: settings.syncEveryMs > 0,
    epoch: mayHaveLost || newTimeLine ? newEpoch(random, manifest.epoch) : manifest.epoch,
  }
  await file.replace(openManifest)
  return openManifest
}

/** Why a directory cannot hold a store; that is so for every process. */
const unfit: Readonly<Record<string, string>> = {
  EEXIST: 'is not a directory',
  ENOTDIR: 'is not a directory, or lies in something that is none',
  ENOENT: 'cannot be made: it is a link to nothing',
  ELOOP: 'cannot be followed: its links go round',
  ENAMETOOLONG: 'is too long for the file system',
  EACCES: 'may not be read and written by this process',
  EPERM: 'may not be read and written by this process',
  EROFS: 'lies on a file system that cannot be written',
}

/** What the system says of a store's location while its lock is taken, as an error of this library. */
export async function guardLocation<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    const { code = '' } = error as { code?: string }
    const why = error instanceof ColumbaError ? undefined : unfit[code]
    if (why === undefined) throw systemError(error)
    throw new ColumbaError('INVALID_ARGUMENT', `location ${why}`, { field: 'location', system: code }, error)
  }
}

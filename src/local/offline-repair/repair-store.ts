import { join, resolve } from 'node:path'
import type { VerifyFinding, VerifyOptions, VerifyReport } from '../../backend/port.js'
import type { StoreComponents } from '../../backend/settings.js'
import { ColumbaError, isColumbaError } from '../../errors.js'
import type { Manifest } from '../../formats/manifest.js'
import { keptName, repairReportName } from '../../formats/repair-names.js'
import { shardsDirectory } from '../../formats/shard-names.js'
import { bodiesName, logName, manifestName } from '../../formats/store-names.js'
import { directPrefix } from '../../model/direct-conversation-id.js'
import type { FileSystem } from '../../platform/file-system.js'
import { removeTree } from '../../platform/remove-tree.js'
import { systemProcess, type ProcessIdentity } from '../../platform/process-identity.js'
import { systemError } from '../../platform/system-errors.js'
import { ManifestFile } from '../manifest-file.js'
import {
  guardLocation,
  openLocalBackend,
  settingsOfExisting,
  type LocalComponents,
} from '../open-local-backend.js'
import { rebuildDirect } from '../repair/direct-rebuild.js'
import { Facts } from '../repair/facts.js'
import { rebuildGroup } from '../repair/group-rebuild.js'
import { RepairDirectory, sizeOf } from '../repair/repair-directory.js'
import { RepairNotes } from '../repair/repair-notes.js'
import { Replay } from '../repair/replay.js'
import { SparedDirectory } from '../repair/spared-directory.js'
import { damageOfFiles } from './damage-of-files.js'
import { countMessages, gatherBodies } from './gather-bodies.js'
import { gatherLog, nameDamagedLogs, nameMissingRecords } from './gather-log.js'
import { gatherShard, type GatheredShard } from './gather-shard.js'
import { readReport, unreadReport, type MadeReport, type RepairReport } from './repair-report.js'
import { RepairScratch } from './repair-scratch.js'
import { writeRepaired } from './repair-write.js'
import { SoleRepair, type SoleRepairParts } from './sole-repair.js'
import { openClassicLevel } from '../shards/classic-level-opener.js'
import { StoreLock } from '../store-lock/store-lock.js'
import { localTuning, type LocalTuning } from '../tuning.js'

export type { RepairReport } from './repair-report.js'

export interface RepairOptions extends VerifyOptions {
  readonly tuning?: Partial<LocalTuning>
  readonly process?: ProcessIdentity
}

/** The store that is repaired, and what a repair works with. */
interface Place {
  readonly location: string
  readonly components: StoreComponents
  readonly options: RepairOptions
  readonly manifest: Manifest
  readonly directory: RepairDirectory
  readonly tuning: LocalTuning
  readonly sole: SoleRepair
}

/** For copies of the shards, and for a new store with its scratch. */
const spaceFor = { rows: 4, bodies: 3 } as const

/**
 * Repairs a store that nobody has open: looks at a copy, gathers all that can be read, makes the store anew beside the old one,
 * verifies it, and only then puts it in the old one's place, which is kept. docs/decisions/repair.md says what is made of what.
 * Rejects with LOCKED, INCOMPATIBLE or NO_SPACE, with INVALID_ARGUMENT where no store was ever open, and with CORRUPT if the
 * manifest is damaged: then nothing was changed.
 */
export async function repairStore(
  given: string,
  components: StoreComponents,
  options: RepairOptions = {},
): Promise<RepairReport> {
  const { fileSystem, clock, random } = components
  const location = resolve(given)
  const lock = await guardLocation(() =>
    StoreLock.acquire({
      directory: location,
      fileSystem,
      clock,
      random,
      process: options.process ?? systemProcess,
    }),
  )
  try {
    return await repairLocked({ location, fileSystem, lock, removeTree }, components, options)
  } catch (error) {
    throw systemError(error)
  }
}

/** Releases the lock. */
async function repairLocked(
  parts: SoleRepairParts,
  components: StoreComponents,
  options: RepairOptions,
): Promise<RepairReport> {
  const { location, lock } = parts
  let sole: SoleRepair | null = null
  let report: RepairReport | null = null
  try {
    sole = await SoleRepair.begin(parts)
    return (report = await repairAlone(location, components, options, sole))
  } finally {
    await sole?.end().catch(() => undefined)
    // A lock that was taken over goes only with the store that it was for: whoever may have that must not go on with it.
    await lock.release({ giveBack: report === null || report.outcome === 'whole' })
  }
}

async function repairAlone(
  location: string,
  components: StoreComponents,
  options: RepairOptions,
  sole: SoleRepair,
): Promise<RepairReport> {
  const { fileSystem, clock } = components
  const directory = new RepairDirectory(fileSystem, location, removeTree)
  const reportFile = join(directory.path, repairReportName)
  if ((await fileSystem.stat(reportFile)) !== null) {
    const report = (await readReport(fileSystem, reportFile)) ?? unreadReport(keptName(clock.now()))
    await sole.assertAlone()
    await directory.swap(report.kept)
    return { ...report, outcome: 'finished' }
  }
  const file = new ManifestFile(fileSystem, location)
  const manifest = await file.read()
  if (manifest === null || !(manifest.created || (await file.traceOfUse()) !== null))
    throw new ColumbaError('INVALID_ARGUMENT', `${location} is not a store that was ever open`, {
      field: 'location',
    })
  const tuning = { ...localTuning, ...options.tuning }
  return repair({ location, components, options, manifest, directory, tuning, sole })
}

/** From the look at a copy to the new store in the old one's place. */
async function repair(place: Place): Promise<RepairReport> {
  const { directory, manifest, sole } = place
  let made: Made | null
  try {
    made = await make(place)
    if (made === null) await directory.discard()
  } catch (error) {
    // As much as the store has itself: where the disk has become full nothing else could be written any more.
    await directory.discard().catch(() => undefined)
    throw error
  }
  if (made === null)
    return { outcome: 'whole', refused: null, found: [], rebuilt: {}, salvaged: {}, lost: [], kept: null }
  const { report, looked } = made
  if (looked.report?.ok !== true) throw notWhole(directory.path, looked, manifest)
  await directory.commit(Buffer.from(`${JSON.stringify(report, null, 2)}\n`))
  try {
    await sole.assertAlone()
  } catch (error) {
    await directory.withdraw()
    throw error
  }
  await directory.swap(report.kept)
  return report
}

interface Made {
  readonly report: MadeReport
  /** At what was made. */
  readonly looked: Looked
}

/** Makes the store anew in the repair's directory; null if the old one is whole. */
async function make(place: Place): Promise<Made | null> {
  const { location, components, directory, manifest } = place
  const { fileSystem, clock } = components
  const notes = new RepairNotes()
  // First, because what an interrupted repair has left takes room as well.
  await directory.clear()
  await assureSpace(fileSystem, location)
  const copy = join(directory.path, 'copy')
  const unread: string[] = []
  for (const part of [shardsDirectory, logName, manifestName])
    unread.push(...(await directory.copy(part, 'copy')))
  for (const path of unread) notes.lose('missing or unreadable file', path)
  await fileSystem.makeDirectory(join(copy, bodiesName))
  const spared = new SparedDirectory(fileSystem, join(copy, bodiesName), join(location, bodiesName))
  const scratchDirectory = join(directory.path, 'scratch')
  await fileSystem.makeDirectory(scratchDirectory)
  const damage = (await damageOfFiles({ fileSystem, manifest }, location)) ?? whyUnread(unread)
  const old =
    damage === null
      ? await look({ ...place, components: { ...components, fileSystem: spared } }, copy)
      : { refused: damage, report: null }
  const forgotten = old.report?.ok === true ? await forgottenIn(old.report, spared, copy) : []
  if (old.report?.ok === true && forgotten.length === 0) return null
  const scratch = await RepairScratch.open(openClassicLevel, scratchDirectory)
  try {
    const facts = new Facts(scratch)
    const lastTimestamp = await gather(place, spared, copy, facts, notes, old.refused === null)
    const replay = new Replay(facts, lastTimestamp)
    await rebuild(place, facts, replay, notes)
    await facts.settle()
    await writeRepaired({ ...place, directory: directory.path, replay })
  } finally {
    await scratch.close()
  }
  await directory.remove('scratch')
  await directory.remove('copy')
  const looked = await look(place, directory.path)
  const report = {
    outcome: 'repaired',
    refused: old.refused,
    found: [...(old.report?.findings ?? []), ...forgotten],
    rebuilt: notes.rebuilt,
    salvaged: notes.salvaged,
    lost: notes.lost,
    kept: keptName(clock.now()),
  } as const
  return { report, looked }
}

/** It stays where it is, to be looked at, until the next repair. */
function notWhole(path: string, { refused, report }: Looked, { checkpoint }: Manifest): ColumbaError {
  const first = report?.findings[0]
  const why = refused ?? first?.what ?? ''
  return new ColumbaError(
    'CORRUPT',
    `what was made anew in ${path} is not whole (${why}); the store is as it was`,
    { file: path, position: checkpoint },
  )
}

/** A copy that lacks something may look whole, as one with zeroes at the end of its log does. */
const whyUnread = ([first]: readonly string[]): string | null =>
  first === undefined ? null : `${first} is missing, or cannot be read`

/** What a verification does not see: messages of which every row is gone. */
async function forgottenIn(
  { checked }: VerifyReport,
  spared: FileSystem,
  copy: string,
): Promise<VerifyFinding[]> {
  const directory = join(copy, bodiesName)
  const beyond = (await countMessages(spared, directory)) - (checked['messages'] ?? 0)
  if (beyond <= 0) return []
  const where = `${beyond} messages in ${(await spared.list(directory)).length} body files`
  return [{ what: 'messages that no row points to', where, advice: 'columba repair makes the rows anew' }]
}

async function assureSpace(fileSystem: FileSystem, location: string): Promise<void> {
  const rows = await sizeOf(fileSystem, join(location, shardsDirectory))
  const log = await sizeOf(fileSystem, join(location, logName))
  const bodies = await sizeOf(fileSystem, join(location, bodiesName))
  const needed = (rows + log) * spaceFor.rows + bodies * spaceFor.bodies
  const free = await fileSystem.freeBytes(location)
  if (free >= needed) return
  throw new ColumbaError(
    'NO_SPACE',
    `a repair of ${location} needs about ${needed} bytes free, there are ${free}`,
    {
      needed,
      free,
    },
  )
}

/** Why a store could not be opened, or what its verification said. */
interface Looked {
  readonly refused: string | null
  readonly report: VerifyReport | null
}

/** Opens and verifies; a store that cannot be opened, or read, says why. */
async function look({ components, options, tuning }: Place, location: string): Promise<Looked> {
  const local: LocalComponents = { tuning: { ...tuning, spareBytes: 0 } }
  const { onProgress } = options
  try {
    const backend = await openLocalBackend(settingsOfExisting(location), components, local)
    try {
      return { refused: null, report: await backend.verify(onProgress === undefined ? {} : { onProgress }) }
    } finally {
      await backend.close()
    }
  } catch (error) {
    if (!isColumbaError(error) || error.kind !== 'corrupt') throw error
    return { refused: error.message, report: null }
  }
}

/**
 * Everything that is found in the store as it was. Returns the store's time, as far as the log says it.
 *
 * IMPORTANT: what counts most comes last: of one message the block's copy is kept, not a list's.
 */
async function gather(
  { location, components, manifest, options }: Place,
  spared: FileSystem,
  copy: string,
  facts: Facts,
  notes: RepairNotes,
  isOpened: boolean,
): Promise<number> {
  const { fileSystem } = components
  const parts = {
    fileSystem: spared,
    manifest,
    facts,
    notes,
    onProgress: (part: string, items: number, total: number | null) =>
      options.onProgress?.({ part, items, total }),
  }
  const shards: GatheredShard[] = []
  // As they were: opening the copy may have made LevelDB forget older copies of rows.
  for (let index = 0; index < manifest.shardIds.length; index++)
    shards.push(await gatherShard(parts, location, index))
  // A log that could be recovered lacks nothing but what a crash had torn.
  const logParts = isOpened ? { ...parts, notes: RepairNotes.silent() } : parts
  const log = await gatherLog(logParts, join(location, logName))
  if ((await fileSystem.stat(join(location, bodiesName))) === null)
    notes.lose('missing directory of body files', bodiesName)
  const through = await gatherBodies(parts, join(copy, bodiesName), log.lastTimestamp)
  nameDamagedLogs(parts, shards, log, through)
  nameMissingRecords(logParts, shards, log, through)
  return log.lastTimestamp
}

/** From what was found to records, conversation by conversation. */
async function rebuild(
  { options, tuning }: Place,
  facts: Facts,
  replay: Replay,
  notes: RepairNotes,
): Promise<void> {
  let items = 0
  for await (const conversation of facts.conversations()) {
    if (conversation.id.startsWith(directPrefix)) await rebuildDirect(conversation, replay, notes)
    else await rebuildGroup(conversation, facts, replay, notes, tuning)
    await facts.makeRoom()
    if (++items % 1000 === 0) options.onProgress?.({ part: 'making conversations anew', items, total: null })
  }
  for await (const { user, newest, traces } of facts.profiles()) {
    traces.name(notes, '', () => newest?.position ?? null)
    if (newest === null) continue
    const { name, profile, position } = newest
    replay.other(Math.max(1, position), { kind: 'user', time: 0, user, name, profile })
    notes.rebuild('profiles')
  }
}

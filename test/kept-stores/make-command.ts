import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'
import type { LocalMessageStore } from '../../src/api/message-store.js'
import { nextRecord, recordLengthBytes } from '../../src/formats/frames.js'
import { families, readCopyKey, type Family } from '../../src/formats/keys.js'
import { decodeManifest } from '../../src/formats/manifest.js'
import { recordKinds } from '../../src/formats/records.js'
import { ChunkPool } from '../../src/local/commit-log/chunk-pool.js'
import { scanLog } from '../../src/local/commit-log/log-scan.js'
import { dumpStore } from '../../src/model-checking/dump-store.js'
import { nodeFileSystem } from '../../src/platform/node-file-system.js'
import { ShardEdit } from '../fault/verify/shard-edit.js'
import {
  knownPath,
  openKept,
  packedPath,
  seenIn,
  unpackStore,
  type Ending,
  type KeptStore,
} from './kept-store.js'
import { packDirectory } from './packed-directory.js'
import { Traffic, users } from './traffic.js'

/**
 * Makes the stores that are kept anew:
 *
 *     npm run --silent compile && node .build/test/kept-stores/make-command.js
 *
 * Only where the version of the formats has changed: they stand for the stores that people have.
 */
const desk = await mkdtemp(join(tmpdir(), 'columba-kept-'))
try {
  await keep('killed', 'live')
  await keep('closed', 'done')
} finally {
  await rm(desk, { recursive: true })
}

async function keep(ending: Ending, name: string): Promise<void> {
  const location = join(desk, name)
  const left = join(desk, ending)
  const { sends, tokens, dump } = await (ending === 'killed' ? live(location, left) : done(location, left))
  await (ending === 'killed' ? requireRecords(left) : requireRows(left))
  // LevelDB's own log and lock say nothing about a store, and whose lock it was is over.
  const isLeftOut = (path: string): boolean => /^(?:LOG|LOG\.old|LOCK|LOCK\.json)$/.test(basename(path))
  const packed = await packDirectory(left, isLeftOut)
  await writeFile(packedPath(ending), packed)
  const unpacked = join(desk, `${ending} again`)
  await unpackStore(ending, unpacked)
  const store = await openKept(unpacked)
  const seen = await seenIn(store, tokens)
  if (!isDeepStrictEqual(asJson(await dumpStore(store, users)), asJson(dump)))
    throw new Error('it is another store')
  await store.close()
  const known: KeptStore = { sends, tokens, seen }
  await writeFile(knownPath(ending), `${JSON.stringify(known, null, 1)}\n`)
  console.log(`${packedPath(ending)}: ${packed.length} bytes`)
}

interface Made {
  readonly sends: KeptStore['sends']
  readonly tokens: KeptStore['tokens']
  readonly dump: unknown
}

function asJson(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value))
}

/** Begun, with a checkpoint in the middle, and tokens from before and behind it. */
async function begun(store: LocalMessageStore) {
  const sends: KeptStore['sends'][number][] = []
  const tokens: Record<string, string[]> = {}
  const takeTokens = async (): Promise<void> => {
    for (const user of users) (tokens[user] ??= []).push((await store.getChanges(user)).token)
  }
  const traffic = new Traffic(store, (request, receipt) => void sends.push([request, receipt]))
  await takeTokens()
  await traffic.begin()
  await store.admin.checkpoint()
  await takeTokens()
  await traffic.goOn()
  return { sends, tokens, traffic }
}

/** Killed, with records of all kinds above its checkpoint: the copy of a running store that is at rest is what a kill leaves. */
async function live(location: string, left: string): Promise<Made> {
  const store = await openKept(location)
  const { sends, tokens, traffic } = await begun(store)
  await traffic.end()
  await rest(store)
  await cp(location, left, { recursive: true })
  const dump = await dumpStore(store, users)
  await store.close()
  return { sends, tokens, dump }
}

/** Closed, with rows of all families, merged files and copies of lists, some of them older than their lists. */
async function done(location: string, left: string): Promise<Made> {
  let store = await openKept(location)
  const { sends, tokens } = await begun(store)
  await store.close()
  store = await openKept(location)
  for (const user of users) await store.getConversations(user)
  await rest(store)
  await new Traffic(store, (request, receipt) => void sends.push([request, receipt])).end()
  const dump = await dumpStore(store, users)
  await store.close()
  await cp(location, left, { recursive: true })
  return { sends, tokens, dump }
}

/** Until nothing is flushed or copied any more, nor merged: what a merge has left is removed behind the next checkpoint only. */
async function rest(store: LocalMessageStore): Promise<void> {
  for (let waiting = 1; waiting > 0;) {
    await pause(500)
    const { generations } = await store.admin.stats()
    waiting = generations.waiting
  }
}

/** The log above the checkpoint has records of all kinds. */
async function requireRecords(location: string): Promise<void> {
  const { storeId, checkpoint } = decodeManifest(await readFile(join(location, 'MANIFEST')), 'MANIFEST')
  const kinds = new Set<number>()
  await scanLog(
    { fileSystem: nodeFileSystem, directory: join(location, 'log'), storeId },
    {
      afterPosition: checkpoint,
      onGroup: ({ chunk: { bytes }, start, end }) => {
        for (let at = start; at < end; at = nextRecord(bytes, at, end))
          kinds.add(bytes[at + recordLengthBytes] as number)
      },
    },
    new ChunkPool(1024 * 1024, 0),
  )
  const missing = Object.entries(recordKinds).filter(([, kind]) => !kinds.has(kind))
  requireNone(
    'records',
    missing.map(([name]) => name),
  )
}

/** The shards have rows of all families. */
async function requireRows(location: string): Promise<void> {
  const copy = join(desk, 'rows')
  await cp(location, copy, { recursive: true })
  const found = await ShardEdit.of(copy, (shards) => shards.rows())
  const names = new Set(found.map(({ family }) => family))
  requireNone(
    'rows',
    Object.keys(families).filter((family) => !names.has(family as Family)),
  )
  const copies = new Set(
    found
      .filter(({ family }) => family === 'copy')
      .map(({ key, prefixLength }) => readCopyKey(key, prefixLength)),
  )
  requireNone(
    'copies',
    (['touched', 'marked', 'list'] as const).filter((which) => !copies.has(which)),
  )
  const merged = (await readdir(join(location, 'bodies'))).filter((name) => !name.startsWith('00'))
  if (merged.length === 0) throw new Error('no files were merged')
}

function requireNone(what: string, missing: readonly string[]): void {
  if (missing.length > 0) throw new Error(`no ${what} of ${missing.join()}`)
}

import { basename, dirname } from 'node:path'
import { expect, test } from 'vitest'
import { lockName } from '../../src/formats/lock-record.js'
import type { FileHandle, FileSystem } from '../../src/platform/file-system.js'
import { OperationCount } from '../../src/simulation/faults.js'
import { SimulatedWorld } from '../../src/simulation/simulated-world.js'
import { smallSettings, smallTuning } from '../simulation/exhaustive.js'

// P6 for the whole store: whichever of its files has failed first, nothing else is written behind that, by no flush, checkpoint or
// merge, by no call and not by `close`, although much of what waits is in the log and durable.

/** What the files of a store are called, and what is done to them, in the moment in which it is asked for. */
class Journal {
  readonly #kind: RegExp
  readonly #nth: number
  #count = 0
  isArmed = false
  hasFailed = false
  /** What was begun behind the failure. */
  readonly behind: string[] = []
  /** Files that are written, by the names that they have now. */
  readonly #files = new Map<string, { path: string }>()
  /** Directories whose names have changed since they were synced. */
  readonly #changed = new Set<string>()
  /** Files that were being made aside when it failed, and such directories: these may come to their end. */
  readonly #underWay = new Set<string>()
  /** Shards to which there was a batch. */
  readonly #rows = new Set<string>()

  #merged: number

  /** The nth operation of a kind fails, once it is armed. So many files are merged at a time. */
  constructor(kind: RegExp, nth: number, merged: number) {
    this.#kind = kind
    this.#nth = nth
    this.#merged = merged
  }

  readonly between = (real: FileSystem): FileSystem => ({
    list: (path) => real.list(path),
    stat: (path) => real.stat(path),
    realPath: (path) => real.realPath(path),
    freeBytes: (path) => real.freeBytes(path),
    makeDirectory: (path) => this.#do('makeDirectory', path, () => real.makeDirectory(path)),
    unlink: (path) => this.#do('unlink', path, () => real.unlink(path)),
    syncDirectory: (path) => this.#do('syncDirectory', path, () => real.syncDirectory(path)),
    rename: (from, to) =>
      this.#do('rename', from, async () => {
        await real.rename(from, to)
        const file = this.#files.get(from)
        if (file !== undefined) this.#files.set((file.path = to), file)
        this.#files.delete(from)
      }),
    open: async (path, mode) => {
      if (mode !== 'create') return real.open(path, mode)
      const file = { path }
      const created = this.#do('create', path, () => real.open(path, mode))
      this.#files.set(path, file)
      return this.#written(await created, file)
    },
  })

  #written(handle: FileHandle, file: { readonly path: string }): FileHandle {
    const write: FileHandle['write'] = (data, position) =>
      this.#do('write', file.path, () => handle.write(data, position))
    const sync = (): Promise<void> => this.#do('sync', file.path, () => handle.sync())
    return {
      write,
      sync,
      writeSynced: async (data, position) => {
        const count = await write(data, position)
        await sync()
        return count
      },
      truncate: (size) => this.#do('truncate', file.path, () => handle.truncate(size)),
      read: (into, position) => handle.read(into, position),
      size: () => handle.size(),
      close: () => handle.close(),
    }
  }

  async #do<T>(operation: string, path: string, happen: () => Promise<T>): Promise<T> {
    if (this.hasFailed && !this.#mayGoOn(operation, path)) this.behind.push(`${operation} ${path}`)
    if (operation === 'rename' || operation === 'unlink') this.#changed.add(dirname(path))
    else if (operation === 'syncDirectory') this.#changed.delete(path)
    const done = await happen()
    if (this.isArmed && this.#kind.test(`${operation} ${path}`) && ++this.#count === this.#nth) {
      this.hasFailed = true
      for (const aside of this.#files.keys()) if (isAside.test(aside)) this.#underWay.add(aside)
      for (const directory of this.#changed) this.#underWay.add(directory)
      throw Object.assign(new Error(`${operation} fails`), { code: 'EIO' })
    }
    return done
  }

  #mayGoOn(operation: string, path: string): boolean {
    if (path.includes('/shards/')) {
      // What LevelDB does with rows that it has got is its own business.
      const shard = dirname(path)
      if (operation !== 'write' || !path.endsWith('.log')) return true
      if (this.#rows.has(shard)) return false
      this.#rows.add(shard)
      return true
    }
    if (basename(path) === lockName) return operation === 'unlink'
    // Files that were merged go one after the other.
    if (!this.#underWay.has(path) && !(operation === 'unlink' && isMerged.test(path) && this.#merged-- > 0))
      return false
    if (operation === 'rename' || operation === 'unlink') this.#underWay.add(dirname(path))
    return operation !== 'create'
  }
}

const isMerged = /\/bodies\/\d[^/]*\.bodies$/

/** Names that files have only until they are whole. */
const isAside = /\/(?:next\.log|MANIFEST\.new|[^/]*\.tmp)$/

/** What was begun behind the failure; null if it did not come to that. */
async function begunBehind(kind: RegExp, nth: number, tidyFiles: number): Promise<string[] | null> {
  const journal = new Journal(kind, nth, tidyFiles)
  const world = new SimulatedWorld({
    seed: nth,
    faults: new OperationCount(),
    settings: smallSettings,
    tuning: { ...smallTuning, maxWaitingGenerations: 3, tidyFiles },
    // Others than the log are slow, so that generations wait.
    slow: { label: /^(?:level read|yield|rename|open|syncDirectory)$/, probability: 0.9 },
    between: journal.between,
  })
  const store = await world.settle(world.open())
  journal.isArmed = true
  const acknowledged: string[] = []
  const send = async (id: string, receiver: string): Promise<void> => {
    const { messageId } = await store.sendMessage({ sender: 'a', receiver, id, text: 'm'.repeat(90) })
    if (receiver === 'b') acknowledged.push(messageId)
  }
  for (let wave = 0; wave < 12 && !journal.hasFailed; wave++) {
    const sends = ['b', 'c', 'd', 'b'].map((receiver, at) => send(`${wave}.${at}`, receiver))
    await world.settle(Promise.allSettled(sends))
  }
  if (!journal.hasFailed) return null
  await world.quiet()
  await expect(world.settle(send('late', 'b'))).rejects.toMatchObject({ code: 'POISONED' })
  await expect(world.settle(store.admin.checkpoint())).rejects.toMatchObject({ code: 'POISONED' })
  const { items } = await world.settle(store.getMessages('b', { peer: 'a' }, { limit: 100 }))
  expect(items.map(({ id }) => id)).toEqual(expect.arrayContaining(acknowledged))
  await world.settle(store.close())
  await world.quiet()
  return journal.behind
}

/** One failure of so many is tried. */
const stride = 5

const log = /\/store\/log(?:\/|$)/

test.each([
  ['a sync of the log', /^sync \S*\/log\/segment/, 2, /^$/],
  ['a write of the log', /^write \S*\/log\/segment/, 2, /^$/],
  // A log that is sound takes what was accepted, or its callers would wait for ever.
  ['a write of rows', /^write \S*\/shards\/\d+\/\d+\.log/, 2, log],
  ['a sync of a body file', /^sync \S*\/bodies\//, Infinity, log],
  ['a rename of the manifest', /^rename \S*\/MANIFEST/, Infinity, log],
])('behind %s that failed nothing is begun', async (_what, kind, tidyFiles, allowed) => {
  const wrong: string[] = []
  let failures = 0
  for (let nth = 1; ; nth += stride) {
    const begun = await begunBehind(kind, nth, tidyFiles)
    if (begun === null) break
    failures++
    wrong.push(...begun.filter((one) => !allowed.test(one)).map((one) => `${nth}: ${one}`))
  }
  expect(wrong).toEqual([])
  expect(failures).toBeGreaterThan(1)
})

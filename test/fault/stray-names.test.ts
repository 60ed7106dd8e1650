import { cp, mkdir, mkdtemp, readdir, readFile, rename, rm, rmdir, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { beforeAll, expect, test } from 'vitest'
import { openCrashStore } from '../crash/crash-store.js'
import { temporaryDirectory } from '../fixtures/temporary-directory.js'
import { damagedAnswer, fill, variant, wholeAnswer } from './damaged-answer.js'

// What editors, file managers and file systems leave in the directories of a store, and what lies where something else should.

let whole = ''
let expected: unknown

beforeAll(async () => {
  const desk = await mkdtemp(join(tmpdir(), 'columba-stray-'))
  whole = join(desk, 'whole')
  await fill(whole, 0, 300)
  expected = await wholeAnswer(whole)
  return () => rm(desk, { recursive: true })
})

async function copyOfWhole(): Promise<string> {
  const store = join(await temporaryDirectory(), 'store')
  await cp(whole, store, { recursive: true })
  return store
}

const anywhere = [
  '.DS_Store',
  '._MANIFEST',
  'Thumbs.db',
  'desktop.ini',
  '.nfs000000000012ab',
  'core',
  'new\nline',
]

/** Files, and with a slash at the end directories, in addition to what belongs there. */
const strays: Readonly<Record<string, readonly string[]>> = {
  '.': [
    'MANIFEST~',
    '.MANIFEST.swp',
    '#MANIFEST#',
    'MANIFEST.bak',
    'MANIFEST (copy)',
    'LOCK.json~',
    'log.old/',
  ],
  log: ['segment-0000000001.log~', '.segment-0000000001.log.swp', 'segment-1.log', 'segment-00000000001.log'],
  bodies: ['1.bodies', '00000000000001.bodies~', '0000000000000G.bodies', 'x.bodies.tmp', 'old/'],
  shards: ['0000~', '0000.bak/', '00000/', '0/', '0000 (copy)/'],
  'shards/0000': ['CURRENT~', '.CURRENT.swp', 'MANIFEST-000002~', '000005.ldb~', 'x.ldb', 'LOG.bak', 'copy/'],
}

const allStrays = Object.entries(strays).flatMap(([directory, names]) =>
  [...names, ...anywhere, 'lost+found/', '.Trash-0/'].map((name) => join(directory, name)),
)

test('names that a store does not know are no concern of it: it opens, works and closes, and they stay', async () => {
  const store = await copyOfWhole()
  for (const name of allStrays) {
    const path = join(store, name)
    if (name.endsWith('/')) {
      await mkdir(path)
      await writeFile(join(path, basename(name)), 'stray')
    } else await writeFile(path, 'stray')
  }
  expect(await damagedAnswer(store, expected)).toBe('the same')
  await fill(store, 300, 600)
  const opened = await openCrashStore({ location: store, variant })
  expect((await opened.admin.verify()).findings).toEqual([])
  await opened.close()
  for (const name of allStrays) {
    const path = join(store, name)
    const file = name.endsWith('/') ? join(path, basename(name)) : path
    expect([name, await readFile(file, 'latin1').catch(String)]).toEqual([name, 'stray'])
  }
})

const first = async (directory: string, pattern: RegExp): Promise<string> =>
  join(directory, (await readdir(directory)).filter((name) => pattern.test(name)).sort()[0] ?? '')

/** A directory where a file should be, or could be. */
const directories: Readonly<Record<string, (store: string) => Promise<string> | string>> = {
  'the manifest': (store) => join(store, 'MANIFEST'),
  'the next manifest': (store) => join(store, 'MANIFEST.new'),
  'the lock': (store) => join(store, 'LOCK.json'),
  'a segment of the log': (store) => first(join(store, 'log'), /^segment/),
  'the next segment': (store) => join(store, 'log', 'next.log'),
  'CURRENT of a shard': (store) => join(store, 'shards', '0000', 'CURRENT'),
  'the lock of a shard': (store) => join(store, 'shards', '0000', 'LOCK'),
}

test.each(Object.entries(directories))(
  '%s is a directory: the opening says so, and all is well when it has gone',
  async (_, placeIn) => {
    const store = await copyOfWhole()
    const path = await placeIn(store)
    const aside = `${dirname(store)}/aside`
    const wasThere = await rename(path, aside).then(
      () => true,
      () => false,
    )
    await mkdir(path)
    for (let time = 1; time <= 2; time++)
      await expect(openCrashStore({ location: store, variant })).rejects.toMatchObject({ code: 'CORRUPT' })
    await rmdir(path)
    if (wasThere) await rename(aside, path)
    expect(await damagedAnswer(store, expected)).toBe('the same')
  },
)

test.each(['log', 'bodies', 'shards', 'shards/0000'])(
  'a file is where %s should be: the opening says so, and all is well when it is put right',
  async (directory) => {
    const store = await copyOfWhole()
    const path = join(store, directory)
    const aside = `${dirname(store)}/aside`
    await rename(path, aside)
    await writeFile(path, 'stray')
    for (let time = 1; time <= 2; time++)
      await expect(openCrashStore({ location: store, variant })).rejects.toMatchObject({ code: 'CORRUPT' })
    expect(await readFile(path, 'latin1')).toBe('stray')
    await rm(path)
    await rename(aside, path)
    expect(await damagedAnswer(store, expected)).toBe('the same')
  },
)

test('a body file is a directory: who reads from it is told', async () => {
  const store = await copyOfWhole()
  const path = await first(join(store, 'bodies'), /bodies$/)
  await rename(path, `${store}-aside`)
  await mkdir(path)
  expect(await damagedAnswer(store, expected)).toBe('CORRUPT')
  await rmdir(path)
  await rename(`${store}-aside`, path)
  expect(await damagedAnswer(store, expected)).toBe('the same')
})

test.each(['conversations.filter', 'conversations.filter.tmp'])(
  '%s, which only saves time, is a directory: nobody notices',
  async (name) => {
    const store = await copyOfWhole()
    await rm(join(store, name), { force: true })
    await mkdir(join(store, name))
    expect(await damagedAnswer(store, expected)).toBe('the same')
    await fill(store, 300, 400)
    expect(await readdir(join(store, name))).toEqual([])
  },
)

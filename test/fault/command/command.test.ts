import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync } from 'node:fs'
import { chmod, cp, readdir, readFile, rm, unlink, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { runCommand } from '../../../src/cli/run-command.js'
import { openMessageStore, type VerifyReport } from '../../../src/index.js'
import { copyOfKilled } from '../../fixtures/copy-of-killed.js'
import { shortenIndexKey } from '../../fixtures/level-index.js'
import { temporaryDirectory } from '../../fixtures/temporary-directory.js'
import { copyOf } from '../repair/damaged-store.js'
import { ShardEdit } from '../verify/shard-edit.js'
import { makeSample, openSample } from '../verify/sample-store.js'

const main = fileURLToPath(new URL('../../../src/cli/main.js', import.meta.url))

let sample: string
beforeAll(async () => {
  sample = await makeSample()
})
afterAll(() => rm(sample, { recursive: true, force: true }))

const copyOfSample = (): Promise<string> => copyOf(sample)

/** As a program of its own. */
function columba(...args: string[]) {
  return columbaIn('.', ...args)
}

function columbaIn(cwd: string, ...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...args], { cwd, encoding: 'utf8' })
  return { status, stdout, stderr }
}

/** With a reader that is gone before anything comes, as `| head` may be. */
async function columbaUnread(gone: 'stdout' | 'stderr', ...args: string[]) {
  const child = spawn(process.execPath, [main, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  child[gone].destroy()
  let said = ''
  child[gone === 'stdout' ? 'stderr' : 'stdout'].on('data', (text) => (said += text))
  const [status] = (await once(child, 'close')) as [number | null]
  return { status, said }
}

/** Damages a table so that LevelDB ends the process as soon as it looks for a key in it. */
async function shortenIndex(location: string): Promise<{ shard: number; name: string }> {
  await ShardEdit.of(location, (shards) => shards.compact())
  const directory = join(location, 'shards', '0000')
  const name = (await readdir(directory)).find((file) => file.endsWith('.ldb')) ?? ''
  const bytes = await readFile(join(directory, name))
  shortenIndexKey(bytes)
  await writeFile(join(directory, name), bytes)
  return { shard: 0, name }
}

describe('verify', () => {
  test('a whole store: 0, and what was counted', async () => {
    const { status, stdout, stderr } = columba('verify', await copyOfSample())
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    expect(stdout).toMatch(/^ {2}messages +74$/m)
    expect(stdout).toContain('Everything fits.')
  })

  test('findings: 1, and what, where and what to do', async () => {
    const location = await copyOfSample()
    const [name] = (await readdir(join(location, 'bodies'))).sort()
    await unlink(join(location, 'bodies', name!))
    const { status, stdout } = columba('verify', location)
    expect(status).toBe(1)
    expect(stdout).toContain(`1 findings:\n- missing body file\n  ${name}\n  restore a backup`)
    const json = columba('verify', location, '--json')
    expect(json.status).toBe(1)
    expect((JSON.parse(json.stdout) as VerifyReport).findings).toHaveLength(1)
  })

  test('a table over which LevelDB ends the process: 1, and the table, without opening', async () => {
    const location = await copyOfSample()
    const { shard, name } = await shortenIndex(location)
    const { status, stdout, stderr } = columba('verify', location)
    expect({ status, stderr }).toEqual({ status: 1, stderr: '' })
    expect(stdout).toContain(
      `1 findings:\n- damaged table, in which LevelDB may overlook rows\n  shard ${shard}, ${name}`,
    )
    expect(columba('repair', location).stdout).toContain(`table shards/000${shard}/${name} is damaged`)
    expect(columba('verify', location).status).toBe(0)
  })

  test('a table that LevelDB had only begun when it was killed is none: 0, and nothing to repair', async () => {
    const location = await copyOfSample()
    await writeFile(join(location, 'shards', '0000', '999999.ldb'), 'the beginning of a table')
    expect(columba('repair', location).stdout).toBe('Everything fits. Nothing was changed.\n')
    expect(columba('verify', location).status).toBe(0)
  })

  test('a store that somebody has open: 2, and who', async () => {
    const location = await copyOfSample()
    const store = await openSample(location)
    const { status, stderr } = columba('verify', location)
    await store.close()
    expect(status).toBe(2)
    expect(stderr).toContain(`LOCKED`)
    expect(stderr).toContain(String(process.pid))
  })

  test('a directory that is no store stays as it is: 2', async () => {
    const location = await temporaryDirectory()
    const cases = [
      [location, 'is not a store: it has no MANIFEST'],
      [join(location, 'nothing'), 'is not there'],
      [main, 'is not a directory'],
    ] as const
    for (const [directory, why] of cases) {
      const { status, stderr } = columba('verify', directory)
      expect(status).toBe(2)
      expect(stderr).toContain(`${directory} ${why}`)
    }
    expect(await readdir(location)).toEqual([])
  })

  // Root may read everything; somebody else may not, as with a backup that root has put back.
  test('files that it may not read: 2, and which, and no findings', async ({ skip }) => {
    skip(process.getuid?.() === 0, 'root may read everything')
    const location = await copyOfSample()
    const [name] = (await readdir(join(location, 'bodies'))).sort()
    const file = join(location, 'bodies', name!)
    await chmod(file, 0)
    const { status, stdout, stderr } = columba('verify', location)
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' })
    expect(stderr).toContain('owner and mode')
    expect(stderr).toContain(file)
  })

  test('progress goes to a terminal, and is gone at the end', async () => {
    const shown: string[] = []
    const terminal = { out: () => undefined, error: (text: string) => shown.push(text), columns: 40 }
    expect(await runCommand(['verify', await copyOfSample()], terminal)).toBe(0)
    expect(shown.some((line) => line.includes('body files [='))).toBe(true)
    expect(shown.every((line) => line.length <= 44)).toBe(true)
    expect(shown.at(-1)).toBe('\r\u001b[K')
  })
})

describe('repair', () => {
  test('a whole store: 0, and it stays as it is', async () => {
    const location = await copyOfSample()
    const before = await readdir(location)
    const { status, stdout, stderr } = columba('repair', location)
    expect({ status, stdout, stderr }).toEqual({
      status: 0,
      stdout: 'Everything fits. Nothing was changed.\n',
      stderr: '',
    })
    expect(await readdir(location)).toEqual(before)
  })

  test('a whole store that is named from the working directory: 0', async () => {
    const location = await copyOfSample()
    const { status, stdout } = columbaIn(dirname(location), 'repair', basename(location))
    expect({ status, stdout }).toEqual({ status: 0, stdout: 'Everything fits. Nothing was changed.\n' })
  })

  test('a store without a body file: 1, what was found, made and lost, and where the rest is; then all fits', async () => {
    const location = await copyOfSample()
    const [name] = (await readdir(join(location, 'bodies'))).sort()
    await unlink(join(location, 'bodies', name!))
    const above = dirname(location)
    const { status, stdout } = columbaIn(above, 'repair', basename(location))
    expect(status).toBe(1)
    expect(stdout).toContain(`Found:\n- missing body file: ${name}`)
    expect(stdout).toMatch(/^ {2}messages +\d+$/m)
    expect(stdout).toMatch(/^- lost messages: conversation "d\./m)
    // The path is of use where the command was given.
    const kept = /kept in (\S+)\.\n$/.exec(stdout)?.[1] ?? 'nowhere'
    expect(await readdir(join(above, kept))).toEqual(expect.arrayContaining(['REPORT.json', 'old']))
    expect(columba('verify', location).status).toBe(0)
    expect(columba('repair', location).status).toBe(0)
  })

  test('a store that somebody has open, or without a manifest: 2, and it stays as it is', async () => {
    const location = await copyOfSample()
    const store = await openSample(location)
    expect(columba('repair', location)).toMatchObject({ status: 2, stdout: '' })
    await store.close()
    await unlink(join(location, 'MANIFEST'))
    const { status, stderr } = columba('repair', location)
    expect(status).toBe(2)
    expect(stderr).toContain('CORRUPT')
    expect(stderr).toContain('MANIFEST is missing')
  })
})

describe('restored', () => {
  test('no token or cursor of before is taken for one of the new time line, as soon as the store has come as far', async () => {
    const location = await temporaryDirectory()
    const send = async (text: string, into: string): Promise<{ token: string; cursor: string }> => {
      const store = await openMessageStore({ location: into })
      for (const sender of ['ann', 'cyd']) await store.sendMessage({ sender, receiver: 'bob', text })
      const { token } = await store.getChanges('bob')
      const { next } = await store.getConversations('bob', { limit: 1 })
      await store.close()
      return { token, cursor: next! }
    }
    await send('before the backup', location)
    const backup = await temporaryDirectory()
    await cp(location, backup, { recursive: true })
    const { token, cursor } = await send('lost', location)

    const { status, stderr } = columba('restored', backup)
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    await send('after the backup', backup)
    await send('after the backup', backup)
    const store = await openMessageStore({ location: backup })
    const resync = { code: 'RESYNC_REQUIRED' }
    await expect(store.getChanges('bob', { since: token })).rejects.toMatchObject(resync)
    await expect(store.getConversations('bob', { limit: 1, cursor })).rejects.toMatchObject(resync)
    expect((await store.getMessages('bob', { peer: 'ann' })).items.map(({ text }) => text)).toEqual([
      'after the backup',
      'after the backup',
      'before the backup',
    ])
    expect(await store.admin.verify()).toMatchObject({ ok: true })
    const { token: fresh } = await store.getChanges('bob')
    await store.close()
    // The new time line goes on through openings.
    const again = await openMessageStore({ location: backup })
    expect(await again.getChanges('bob', { since: fresh })).toMatchObject({ changes: [] })
    await again.close()
  })

  test('a snapshot of an open store is LOCKED while its holder runs here; without that lock nothing is missing', async () => {
    const location = await temporaryDirectory()
    const store = await openMessageStore({ location })
    const text = 'acknowledged before'
    for (const sender of ['ann', 'cyd']) await store.sendMessage({ sender, receiver: 'bob', text })
    const { token } = await store.getChanges('bob')
    const snapshot = await copyOfKilled(location)
    await cp(join(location, 'LOCK.json'), join(snapshot, 'LOCK.json'))
    const refused = columba('restored', snapshot)
    await store.close()
    expect(refused).toMatchObject({ status: 2, stderr: expect.stringContaining('LOCKED') })
    await unlink(join(snapshot, 'LOCK.json'))
    expect(columba('restored', snapshot)).toMatchObject({ status: 0, stderr: '' })
    const again = await openMessageStore({ location: snapshot })
    for (const peer of ['ann', 'cyd'])
      expect((await again.getMessages('bob', { peer })).items).toMatchObject([{ text }])
    const since = again.getChanges('bob', { since: token })
    await expect(since).rejects.toMatchObject({ code: 'RESYNC_REQUIRED' })
    expect(await again.admin.verify()).toMatchObject({ ok: true })
    await again.close()
  })

  test('a directory that is no store stays as it is: 2', async () => {
    const location = await temporaryDirectory()
    expect(columba('restored', location)).toMatchObject({ status: 2, stdout: '' })
    expect(await readdir(location)).toEqual([])
  })
})

describe('stats', () => {
  test('numbers as lines and as JSON', async () => {
    const location = await copyOfSample()
    const { status, stdout } = columba('stats', location)
    expect(status).toBe(0)
    expect(stdout).toMatch(/^backend +local$/m)
    expect(stdout).toMatch(/^checkpoint +\d+$/m)
    expect(JSON.parse(columba('stats', location, '--json').stdout)).toMatchObject({ backend: 'local' })
  })
})

describe('arguments', () => {
  test.each([
    [['--help'], 0, 'Usage: columba COMMAND DIR'],
    [['--version'], 0, '0.'],
    [['verify', '--help'], 0, 'Usage: columba verify DIR'],
    [['repair', '--help'], 0, 'Usage: columba repair DIR'],
    [['restored', '--help'], 0, 'Usage: columba restored DIR'],
    [['stats', '-h'], 0, 'Usage: columba stats DIR'],
    [[], 2, 'Usage: columba COMMAND DIR'],
    [['dance'], 2, 'There is no command dance.'],
    [['verify'], 2, 'Usage: columba verify DIR'],
    [['verify', 'a', 'b'], 2, 'Usage: columba verify DIR'],
    [['help'], 0, 'Usage: columba COMMAND DIR'],
    [['help', 'verify'], 0, 'Usage: columba verify DIR'],
    [['help', 'dance'], 2, 'There is no command dance.'],
    [['--colour'], 2, 'There is no option --colour.\n\nUsage: columba COMMAND DIR'],
    [['-x'], 2, 'There is no option -x.\n\nUsage: columba COMMAND DIR'],
    [['verify', 'a', '--colour'], 2, 'There is no option --colour.\n\nUsage: columba verify DIR [--json]\n'],
    [['verify', 'a', '--colour'], 2, 'columba verify --help says more.'],
    [['verify', 'a', '--colour=red'], 2, 'There is no option --colour.'],
    [['verify', 'a', '--json=no'], 2, 'The option --json takes no value.'],
    [['restored', 'a', '--json'], 2, 'restored has no option --json.\n\nUsage: columba restored DIR\n'],
  ])('%j: %i', async (args, code, text) => {
    const said: string[] = []
    const say = (more: string): void => void said.push(more)
    expect(await runCommand(args, { out: say, error: say, columns: undefined })).toBe(code)
    expect(said.join('')).toContain(text)
  })
})

test.each(['verify', 'repair', 'restored', 'stats'])(
  '%s where no store can lie: 2, and why',
  async (name) => {
    const said: string[] = []
    const say = (more: string): void => void said.push(more)
    expect(await runCommand([name, join(main, 'store')], { out: say, error: say, columns: undefined })).toBe(
      2,
    )
    expect(said.join('')).toMatch(/^INVALID_ARGUMENT: location is not a directory, or lies in.*\nENOTDIR: /)
  },
)

describe('output that nobody reads', () => {
  test('changes neither the exit code nor what is done: the store is closed', async () => {
    const location = await copyOfSample()
    for (const args of [
      ['verify', location],
      ['stats', location],
      ['repair', location],
    ])
      expect(await columbaUnread('stdout', ...args)).toEqual({ status: 0, said: '' })
    expect(await readdir(location)).not.toContain('LOCK.json')
    expect(await columbaUnread('stderr', 'verify', join(location, 'nothing'))).toEqual({
      status: 2,
      said: '',
    })
    expect(await columbaUnread('stderr', 'nonsense')).toEqual({ status: 2, said: '' })
  })

  test.skipIf(process.platform !== 'linux')('or cannot be written: 2, and why', async () => {
    const location = await copyOfSample()
    const full = openSync('/dev/full', 'w')
    try {
      const stdio: ('ignore' | 'pipe' | number)[] = ['ignore', full, 'pipe']
      const { status, stderr } = spawnSync(process.execPath, [main, 'stats', location], {
        stdio,
        encoding: 'utf8',
      })
      expect(status).toBe(2)
      expect(stderr).toMatch(/^The output could not be written: ENOSPC.*\n$/)
    } finally {
      closeSync(full)
    }
    expect(await readdir(location)).not.toContain('LOCK.json')
  })
})

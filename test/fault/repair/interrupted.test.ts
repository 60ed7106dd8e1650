import { mkdir, readdir, readFile, rm, unlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { FileSystem } from '../../../src/platform/file-system.js'
import { nodeFileSystem } from '../../../src/platform/node-file-system.js'
import { systemError } from '../../../src/simulation/simulated-disk.js'
import { interferedFileSystem, type FileOperation } from '../../fixtures/failing-file-system.js'
import { makeSample, openSample } from '../verify/sample-store.js'
import { copyOf, messagesOf, repair, seenIn } from './damaged-store.js'

let sample: string
let whole: unknown
beforeAll(async () => {
  sample = await makeSample()
  whole = await seenIn(sample)
  await unlink(join(sample, 'shards', '0000', 'CURRENT'))
})
afterAll(() => rm(sample, { recursive: true, force: true }))

/** A process that dies at some operation: all later ones on anything but the lock fail as well. */
function dyingAt(wanted: (operation: FileOperation, path: string) => boolean) {
  let dead = false
  return interferedFileSystem(nodeFileSystem, {
    before: (operation, path) => {
      dead ||= wanted(operation, path)
      if (dead && !path.includes('LOCK')) throw Object.assign(new Error('EIO: dead'), { code: 'EIO' })
    },
  })
}

async function contents(location: string): Promise<Map<string, string>> {
  const names = await readdir(location, { recursive: true, withFileTypes: true })
  const files = new Map<string, string>()
  for (const name of names) {
    const path = join(name.parentPath, name.name)
    if (name.isFile() && !path.includes('repair.new'))
      files.set(path, (await readFile(path)).toString('latin1'))
  }
  return files
}

test.each(['copy/log', 'shards/0001', 'bodies/', 'log/segment', 'MANIFEST.new', 'REPORT'])(
  'until the new store is whole the old one stays as it is, byte by byte: interrupted at %s',
  async (part) => {
    const location = await copyOf(sample)
    const before = await contents(location)
    const fileSystem = dyingAt((_, path) => path.includes(`repair.new/${part}`))
    await expect(repair(location, fileSystem)).rejects.toThrow()
    expect(await contents(location)).toEqual(before)
    expect(await repair(location)).toMatchObject({ outcome: 'repaired' })
    expect(await seenIn(location)).toEqual(whole)
  },
)

test('a repair that cannot go on leaves nothing behind: the disk may be full of what it has made', async () => {
  for (const part of ['copy/log', 'bodies/', 'log/segment']) {
    const location = await copyOf(sample)
    const before = await readdir(location)
    let full = true
    const fileSystem = interferedFileSystem(nodeFileSystem, {
      before: (operation, path) => {
        if (full && operation === 'open' && path.includes(`repair.new/${part}`))
          throw Object.assign(new Error('ENOSPC: no room'), { code: 'ENOSPC' })
      },
    })
    await expect(repair(location, fileSystem)).rejects.toThrow()
    expect(await readdir(location)).toEqual(before)
    full = false
    expect(await repair(location, fileSystem)).toMatchObject({ outcome: 'repaired' })
  }
})

test('wherever the exchange is interrupted, nobody can open the store until a repair has finished it', async () => {
  for (let step = 1; ; step++) {
    const location = await copyOf(sample)
    let committed = false
    let renames = 0
    const fileSystem = dyingAt((operation, path) => {
      if (operation !== 'rename') return false
      const reached = committed && ++renames === step
      committed ||= path.includes('REPORT.json')
      return reached
    })
    const interrupted = await repair(location, fileSystem).then(
      () => null,
      (error: unknown) => error,
    )
    if (interrupted === null) {
      expect(step).toBeGreaterThan(8)
      return
    }
    await expect(openSample(location)).rejects.toThrow(/interrupted; run columba repair again/)
    const report = await repair(location)
    expect(report).toMatchObject({
      outcome: 'finished',
      kept: expect.stringMatching(/^repaired-/) as unknown,
    })
    expect(await seenIn(location)).toEqual(whole)
    const kept = await readdir(join(location, report.kept as string, 'old'))
    expect(kept).toEqual(expect.arrayContaining(['MANIFEST', 'bodies', 'log', 'shards']))
  }
})

/** All but what LevelDB writes for people, also where it is only asked for its lock. */
async function storeIn(location: string): Promise<unknown> {
  const files = [...(await contents(location))].filter(([path]) => !/\/LOG(?:\.old)?$/.test(path))
  return [files, await readdir(location)]
}

/** Lets nothing be moved away from there, as a mount point cannot be. */
const fixedAt = (location: string, part: string) =>
  interferedFileSystem(nodeFileSystem, {
    before: (operation, path) => {
      if (operation === 'rename' && path === join(location, part))
        throw Object.assign(new Error(`EBUSY: busy, rename '${path}'`), { code: 'EBUSY', path })
    },
  })

test.each(['conversations.filter', 'bodies', 'MANIFEST'])(
  'where a part cannot be moved the store is as it was, and it says which: %s',
  async (part) => {
    const location = await copyOf(sample)
    const before = await storeIn(location)
    await expect(repair(location, fixedAt(location, part))).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining(join(location, part)) as unknown,
    })
    expect(await storeIn(location)).toEqual(before)
  },
)

test('an exchange that was interrupted is taken back as well, also where a part was missing, and in two goes', async () => {
  for (const missing of ['shards', 'conversations.filter']) {
    const location = await copyOf(sample)
    await rm(join(location, missing), { recursive: true })
    const before = await storeIn(location)
    let moved = false
    const dying = dyingAt((operation, path) => {
      moved ||= operation === 'rename' && path.endsWith('repair.new/bodies')
      return moved && path === join(location, 'log')
    })
    await expect(repair(location, dying)).rejects.toThrow('EIO')
    // It dies once more, with half of it taken back.
    const fixed = fixedAt(location, 'log')
    let isBack = false
    const again = interferedFileSystem(fixed, {
      before: (operation, path) => {
        if (isBack && !path.includes('LOCK')) throw Object.assign(new Error('EIO: dead'), { code: 'EIO' })
        isBack ||= operation === 'rename' && path.endsWith('old/bodies')
      },
    })
    await expect(repair(location, again)).rejects.toThrow('EBUSY')
    await expect(openSample(location)).rejects.toThrow(/interrupted/)
    await expect(repair(location, fixed)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
    expect(await storeIn(location)).toEqual(before)
    expect(await repair(location)).toMatchObject({ outcome: 'repaired' })
    expect(messagesOf(await seenIn(location))).toEqual(messagesOf(whole))
  }
})

test('a report that cannot be read does not keep the exchange from its end: what it named is unknown', async () => {
  const interrupted = await copyOf(sample)
  const dying = dyingAt((operation, path) => operation === 'rename' && path.endsWith('repair.new/bodies'))
  await expect(repair(interrupted, dying)).rejects.toThrow()
  const path = 'repair.new/REPORT.json'
  const report = await readFile(join(interrupted, path), 'utf8')
  const unread = interferedFileSystem(nodeFileSystem, {
    before: (operation, name) => {
      if (operation === 'read' && name.endsWith(path)) throw systemError('EIO', 'read', name)
    },
  })
  const damages: readonly (readonly [content: string, fileSystem: FileSystem])[] = [
    [report.slice(0, 40), nodeFileSystem],
    ['{}', nodeFileSystem],
    ['null', nodeFileSystem],
    [report.replace('"repaired-', '"../elsewhere-'), nodeFileSystem],
    [report, unread],
  ]
  let location = interrupted
  for (const [content, fileSystem] of damages) {
    location = await copyOf(interrupted)
    await writeFile(join(location, path), content)
    const { outcome, lost, kept } = await repair(location, fileSystem)
    expect(outcome).toBe('finished')
    expect(kept).toMatch(/^repaired-\d+$/)
    expect(lost).toEqual([
      {
        what: expect.stringContaining('damaged report') as unknown,
        where: `${kept as string}/REPORT.json`,
      },
    ])
    expect(await readFile(join(location, kept as string, 'REPORT.json'), 'utf8')).toBe(content)
  }
  expect(await seenIn(location)).toEqual(whole)
})

test('a report that this process may not read is not damaged', async () => {
  const location = await copyOf(sample)
  await mkdir(join(location, 'repair.new'))
  await writeFile(join(location, 'repair.new', 'REPORT.json'), '{}')
  const fileSystem = interferedFileSystem(nodeFileSystem, {
    before: (operation, path) => {
      if (operation === 'open' && path.endsWith('REPORT.json')) throw systemError('EACCES', 'open', path)
    },
  })
  await expect(repair(location, fileSystem)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  expect(await readdir(location)).toContain('repair.new')
})

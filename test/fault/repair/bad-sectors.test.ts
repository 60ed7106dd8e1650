import { open, readdir, readFile, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ManualClock } from '../../../src/model-checking/manual-clock.js'
import { nodeFileSystem } from '../../../src/platform/node-file-system.js'
import { systemError } from '../../../src/simulation/simulated-disk.js'
import { withBadSectors } from '../../fixtures/bad-sectors.js'
import { interferedFileSystem } from '../../fixtures/failing-file-system.js'
import { makeSample, openSample } from '../verify/sample-store.js'
import { copyOf, isLost, killed, messagesOf, repair, seenIn } from './damaged-store.js'

const sectorBytes = 512

let sample: string
let whole: unknown
beforeAll(async () => {
  sample = await makeSample()
  whole = await seenIn(sample)
})
afterAll(() => rm(sample, { recursive: true, force: true }))

async function lostIn(location: string): Promise<string[]> {
  const now = messagesOf(await seenIn(location))
  return [...messagesOf(whole).keys()].filter((key) => isLost(now.get(key)))
}

test.each([0, 2])(
  'a sector of body file %d that cannot be read costs what it costs when it is damaged',
  async (index) => {
    const name = (await readdir(join(sample, 'bodies'))).sort()[index] as string
    const { size } = await stat(join(sample, 'bodies', name))
    const from = Math.floor((size - 1) / sectorBytes) * sectorBytes
    const unreadable = await copyOf(sample)
    const path = join(unreadable, 'bodies', name)
    const report = await repair(unreadable, withBadSectors(path, [[from, size]]))
    const where = `bodies/${name}, offset ${from}, length ${size - from}`
    expect(report.lost).toContainEqual({ what: 'part of a file that cannot be read', where })
    const damaged = await copyOf(sample)
    const file = await open(join(damaged, 'bodies', name), 'r+')
    await file.write(Buffer.alloc(size - from), 0, size - from, from)
    await file.close()
    expect((await repair(damaged, nodeFileSystem)).outcome).toBe('repaired')
    expect(await lostIn(unreadable)).toEqual(await lostIn(damaged))
  },
)

/** What a crash leaves of a store whose log ends in six messages that are nowhere else, each over several sectors. */
async function crashed(): Promise<string> {
  const source = await copyOf(sample)
  const store = await openSample(source, new ManualClock(), {
    generationBytes: 1 << 20,
    segmentBytes: 1 << 20,
  })
  for (let i = 0; i < 6; i++)
    await store.sendMessage({ sender: 'dan', receiver: 'ann', text: `late ${i} ${'x'.repeat(1500)}` })
  return killed(store, source)
}

test.each([2, 5])(
  'a sector of the log that cannot be read is damage, and costs its frame only: in message %d of 6',
  async (broken) => {
    const location = await crashed()
    const names = (await readdir(join(location, 'log'))).filter((name) => name.endsWith('.log')).sort()
    const path = join(location, 'log', names.at(-1) as string)
    const from = Math.ceil((await readFile(path)).indexOf(`late ${broken}`) / sectorBytes) * sectorBytes
    const report = await repair(location, withBadSectors(path, [[from, from + sectorBytes]]))
    expect(report).toMatchObject({
      outcome: 'repaired',
      refused: expect.stringContaining(`offset ${from}`) as unknown,
    })
    expect(report.lost).toContainEqual({
      what: 'part of a file that cannot be read',
      where: `log/${names.at(-1) as string}, offset ${from}, length ${sectorBytes}`,
    })
    const texts = [...messagesOf(await seenIn(location)).values()].map(({ text }) => text.slice(0, 6))
    const others = [0, 1, 2, 3, 4, 5].filter((i) => i !== broken).map((i) => `late ${i}`)
    expect(texts.filter((text) => text.startsWith('late')).sort()).toEqual(others)
  },
)

test('a segment that cannot be opened is damage', async () => {
  const location = await crashed()
  const names = (await readdir(join(location, 'log'))).filter((name) => name.endsWith('.log')).sort()
  const path = join(location, 'log', names.at(-1) as string)
  const report = await repair(location, {
    ...nodeFileSystem,
    open: (name, mode) =>
      name === path ? Promise.reject(new Error('EIO: i/o error, open')) : nodeFileSystem.open(name, mode),
  })
  expect(report.outcome).toBe('repaired')
  expect(report.lost.map(({ where }) => where)).toContainEqual(
    expect.stringContaining(names.at(-1) as string),
  )
  await seenIn(location)
})

test('a process that may open no more files repairs nothing: that says nothing of the files', async () => {
  const location = await copyOf(sample)
  await rm(join(location, 'shards', '0000', 'CURRENT'))
  const fileSystem = interferedFileSystem(nodeFileSystem, {
    before: (operation, path) => {
      if (operation === 'open' && path.startsWith(join(location, 'bodies')))
        throw Object.assign(new Error('EMFILE: too many open files'), { code: 'EMFILE' })
    },
  })
  await expect(repair(location, fileSystem)).rejects.toMatchObject({ code: 'EMFILE' })
  expect((await repair(location)).outcome).toBe('repaired')
})

test.each([
  ['EACCES', 'LOCK.claim', 'INVALID_ARGUMENT', /^location may not be read and written by this process/],
  ['EACCES', '.ldb', 'INVALID_ARGUMENT', /owner and mode/],
])('%s of %s is said as by an opening: %s', async (system, part, code, message) => {
  const location = await copyOf(sample)
  const fileSystem = interferedFileSystem(nodeFileSystem, {
    before: (operation, path) => {
      if (operation === 'open' && path.includes(part)) throw systemError(system, 'open', path)
    },
  })
  await expect(repair(location, fileSystem)).rejects.toMatchObject({
    code,
    message: expect.stringMatching(message) as unknown,
    cause: { code: system },
  })
  expect(await readdir(location)).toEqual(await readdir(sample))
})

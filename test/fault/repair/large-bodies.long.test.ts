import { open, readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { bodyHeaderBytes } from '../../../src/formats/body-file.js'
import { nodeFileSystem } from '../../../src/platform/node-file-system.js'
import { makeSample } from '../verify/sample-store.js'
import { copyOf, repair, seenIn } from './damaged-store.js'

const GiB = 1024 ** 3

// The tidy merges body files up to 4 GiB. Most of this one is a hole: it takes no room on the disk.
test.each([2 * GiB, 4 * GiB + 1])(
  'a body file of more than %d bytes costs none of its messages',
  async (hole) => {
    const sample = await makeSample()
    onTestFinished(() => rm(sample, { recursive: true, force: true }))
    const whole = await seenIn(sample)
    const location = await copyOf(sample)
    const [name = ''] = (await readdir(join(location, 'bodies'))).sort()
    const path = join(location, 'bodies', name)
    const blocks = (await readFile(path)).subarray(bodyHeaderBytes)
    const file = await open(path, 'r+')
    await file.truncate(bodyHeaderBytes)
    await file.write(blocks, 0, blocks.length, bodyHeaderBytes + hole)
    await file.close()
    const disk = { ...nodeFileSystem, freeBytes: () => Promise.resolve(Infinity) }
    const report = await repair(location, disk)
    expect(report.outcome).toBe('repaired')
    const damaged = report.lost.filter(({ what }) => what === 'damaged part of a body file')
    const lengths = damaged.map(({ where }) => Number(/length (\d+)$/.exec(where)?.[1]))
    expect(lengths.reduce((sum, length) => sum + length, 0)).toBe(hole)
    // Behind the hole no row says where blocks are, so what was taken is named besides.
    const others = report.lost.filter((loss) => !damaged.includes(loss))
    expect(others.map(({ what }) => what)).toEqual([expect.stringContaining('what looks like one was taken')])
    expect(await seenIn(location)).toEqual(whole)
  },
)

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
    expect(report).toMatchObject({
      outcome: 'repaired',
      lost: [
        { what: 'damaged part of a body file', where: expect.stringContaining(`length ${hole}`) as unknown },
      ],
    })
    expect(await seenIn(location)).toEqual(whole)
  },
)

import { isDeepStrictEqual } from 'node:util'
import { expect, test } from 'vitest'
import { nodeFileSystem } from '../../src/platform/node-file-system.js'
import { MemoryFileSystem } from '../fixtures/memory-file-system.js'
import { simulatedFiles } from '../fixtures/simulated-files.js'
import { temporaryDirectory } from '../fixtures/temporary-directory.js'
import { fileOperations } from './file-operations.js'
import { Files, type Place } from './files-at-work.js'

const asItIs = <T>(work: Promise<T>): Promise<T> => work

const systems: Readonly<Record<string, (row: number) => Promise<Place>>> = {
  real: async () => ({ fileSystem: nodeFileSystem, at: await temporaryDirectory(), settle: asItIs }),
  simulated: async (row) => ({ ...simulatedFiles('/at', row), at: '/at' }),
  'in memory': async () => ({ fileSystem: new MemoryFileSystem(), at: '/at', settle: asItIs }),
}

test.for(Object.entries(systems))(
  'files that are %s do what the table of file operations says, with the same errors',
  async ([name, begin], { skip }) => {
    skip(name === 'real' && process.platform !== 'linux', 'the table is that of Linux')
    const wrong: string[] = []
    for (const [index, { what, tell, told, inDirectories }] of fileOperations.entries()) {
      if (name === 'in memory' && inDirectories === true) continue
      const place = await begin(index)
      const work = tell(new Files(place)).catch(({ code }: NodeJS.ErrnoException) => code)
      const found = await place.settle(work)
      if (!isDeepStrictEqual(found, told)) wrong.push(`${what}: ${JSON.stringify(found)}`)
    }
    expect(wrong).toEqual([])
  },
)

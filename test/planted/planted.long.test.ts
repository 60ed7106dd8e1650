import { readdir } from 'node:fs/promises'
import { describe, expect, onTestFinished, test } from 'vitest'
import { rotating } from './choose.js'
import { hunt, patchDirectory, redWithoutBug } from './hunt.js'
import { patchName } from './planted-bug.js'
import { plantedBugs } from './planted-bugs.js'
import { ProjectCopy } from './project-copy.js'

const perRun = 5

describe('a bug that is planted into a copy of the project', () => {
  test('has one patch and one row of the table', async () => {
    const patches = (await readdir(patchDirectory)).filter((name) => name.endsWith('.patch'))
    expect(patches.sort()).toEqual(plantedBugs.map(patchName))
  })

  test(
    'is found by a test',
    async () => {
      const copy = await ProjectCopy.of(process.cwd())
      onTestFinished(() => copy.remove())
      const bugs = rotating(perRun)
      expect(await redWithoutBug(copy, bugs)).toBeNull()
      const missed: string[] = []
      for (const bug of bugs) {
        const { caughtBy, missedBy } = await hunt(copy, bug)
        if (caughtBy === null) missed.push(patchName(bug))
        for (const file of missedBy) missed.push(`${patchName(bug)} by ${file}`)
      }
      expect(missed).toEqual([])
    },
    15 * 60_000,
  )
})

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { rotating } from './choose.js'
import { hunt, problemOf, redWithoutBug } from './hunt.js'
import { onlyAComment } from './planted-bugs.js'
import { ProjectCopy } from './project-copy.js'

const perRun = 5

describe('what is planted into a copy of the project', () => {
  let copy: ProjectCopy
  beforeAll(async () => {
    copy = await ProjectCopy.of(process.cwd())
  })
  afterAll(() => copy.remove())

  test(
    'is found by a test of its row, if it is a bug',
    async () => {
      const bugs = rotating(perRun)
      expect(await redWithoutBug(copy, bugs)).toBeNull()
      const problems: (string | null)[] = []
      // Whoever else finds it: the row is wrong.
      for (const bug of bugs) problems.push(problemOf(await hunt(copy, bug, { suite: [] })))
      expect(problems).toEqual(bugs.map(() => null))
    },
    15 * 60_000,
  )

  test('is found by no test, and fails the run, if it is a comment', async () => {
    // One of these reads a file of the documents.
    const hunted = await hunt(copy, onlyAComment, { suite: ['fault/telemetry'] })
    expect(hunted).toMatchObject({ caughtBy: null, isOwn: false })
    expect(problemOf(hunted)).toBe('00 only-a-comment: no test of its row found it')
  }, 120_000)
})

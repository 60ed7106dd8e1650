import { existsSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { patchDirectory } from './hunt.js'
import { patchName } from './planted-bug.js'
import { onlyAComment, plantedBugs } from './planted-bugs.js'

const all = [onlyAComment, ...plantedBugs]

test('each planted bug has one patch and one row of the table', async () => {
  const patches = (await readdir(patchDirectory)).filter((name) => name.endsWith('.patch'))
  expect(patches.sort()).toEqual(all.map(patchName))
})

test('each row of planted bugs names tests that are there', () => {
  const named = all.flatMap(({ tests }) => tests).map((name) => `test/${name}.test.ts`)
  expect(named.filter((path) => !existsSync(path))).toEqual([])
})

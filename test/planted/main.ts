import { readFile, writeFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import { hunt, redWithoutBug, type Hunted } from './hunt.js'
import { planted, rotating } from './choose.js'
import { ProjectCopy } from './project-copy.js'
import { plantedBugsPage } from './report.js'

/**
 * Plants bugs into a copy of the project and looks whether the tests find them.
 *
 *     npm run planted                      five, others each day
 *     npm run planted -- --rotate 7        seven of them
 *     npm run planted -- --only 01,17      these
 *     npm run planted -- --all             all
 *     npm run planted -- --all --tried     all, each with the tests of its row only
 *
 * What it found goes into docs/planted-bugs.md.
 */
const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    all: { type: 'boolean', default: false },
    tried: { type: 'boolean', default: false },
    rotate: { type: 'string', default: '5' },
  },
})
const page = 'docs/planted-bugs.md'
const bugs = values.all
  ? planted()
  : values.only
    ? planted(values.only.split(','))
    : rotating(Number(values.rotate))
const hunted: Hunted[] = []
const problems: string[] = []
const copy = await ProjectCopy.of(process.cwd())
try {
  const red = await redWithoutBug(copy, bugs)
  if (red !== null) problems.push(`red without any bug: ${red.file}, ${red.title}`)
  for (const bug of bugs) {
    if (problems.length > 0 && red !== null) break
    try {
      const found = await hunt(copy, bug, { suite: !values.tried })
      hunted.push(found)
      if (found.caughtBy === null) problems.push(`${bug.number} ${bug.name}: no test found it`)
      for (const file of found.missedBy) problems.push(`${bug.number} ${bug.name}: ${file} does not find it`)
      const by = found.caughtBy === null ? 'NOT FOUND' : `${found.caughtBy.file}: ${found.caughtBy.title}`
      console.log(`${bug.number} ${bug.name} (${(found.ms / 1000).toFixed(1)} s): ${by}`)
    } catch (error) {
      problems.push(error instanceof Error ? error.message : String(error))
      console.log(`${bug.number} ${bug.name}: ${problems.at(-1)}`)
    }
  }
} finally {
  await copy.remove()
}
if (hunted.length > 0) {
  const before = await readFile(page, 'utf8').catch(() => '')
  await writeFile(page, plantedBugsPage(before, hunted, new Date()))
}
console.log(`${hunted.length} of ${bugs.length} bugs planted, ${problems.length} problems`)
for (const problem of problems) console.log(`PROBLEM ${problem}`)
process.exitCode = problems.length === 0 ? 0 : 1

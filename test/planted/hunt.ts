import { join } from 'node:path'
import { patchName, type PlantedBug } from './planted-bug.js'
import type { ProjectCopy, RedTest } from './project-copy.js'

export const patchDirectory = 'test/planted'

/** What looks at the project's own files, or packs it, is not there to find bugs in the store. */
const wholeSuite = ['unit/', 'conformance/', 'fault/', 'histories/', 'property/', 'simulation/', 'crash/']

export interface Hunted {
  readonly bug: PlantedBug
  /** Null: no test found it. */
  readonly caughtBy: RedTest | null
  /** What found it in each of the files that had to. */
  readonly alsoBy: readonly RedTest[]
  /** Those of these files that did not find it. */
  readonly missedBy: readonly string[]
  /** Compiling included. */
  readonly ms: number
}

/** Plants a bug in the copy, runs tests until one is red, and takes the bug out again; without `suite` only the row's tests. */
export async function hunt(copy: ProjectCopy, bug: PlantedBug, { suite = true } = {}): Promise<Hunted> {
  const began = performance.now()
  const patch = join(patchDirectory, patchName(bug))
  try {
    await copy.apply(patch)
  } catch (error) {
    throw new Error(`${patchName(bug)} no longer applies: make it anew`, { cause: error })
  }
  try {
    await copy.compile()
    const tried = await firstRed(copy, bug.tests)
    const caughtBy = tried === null && suite ? await copy.firstRed('fast', wholeSuite) : tried
    const ms = performance.now() - began
    return { bug, caughtBy, ms, ...(await huntAlso(copy, bug)) }
  } finally {
    await copy.unapply(patch)
  }
}

/** Without a bug all of these must be green, or red would prove nothing. */
export async function redWithoutBug(copy: ProjectCopy, bugs: readonly PlantedBug[]): Promise<RedTest | null> {
  await copy.compile()
  return firstRed(copy, [...new Set(bugs.flatMap(({ tests, also = [] }) => [...tests, ...also]))])
}

/** Where a machine lets none of a file's tests run, that file shows nothing. */
async function huntAlso(
  copy: ProjectCopy,
  { also = [] }: PlantedBug,
): Promise<Pick<Hunted, 'alsoBy' | 'missedBy'>> {
  const alsoBy: RedTest[] = []
  const missedBy: string[] = []
  for (const name of also) {
    const { red, passed } = await copy.run(projectOf(name), [name])
    if (red !== null) alsoBy.push(red)
    else if (passed > 0) missedBy.push(name)
  }
  return { alsoBy, missedBy }
}

function projectOf(name: string): 'fast' | 'long' {
  return name.endsWith('.long') ? 'long' : 'fast'
}

async function firstRed(copy: ProjectCopy, tests: readonly string[]): Promise<RedTest | null> {
  for (const project of ['fast', 'long'] as const) {
    const names = tests.filter((name) => projectOf(name) === project)
    if (names.length === 0) continue
    const red = await copy.firstRed(project, names)
    if (red !== null) return red
  }
  return null
}

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
    return { bug, caughtBy, ms: performance.now() - began }
  } finally {
    await copy.unapply(patch)
  }
}

/** Without a bug all of these must be green, or red would prove nothing. */
export async function redWithoutBug(copy: ProjectCopy, bugs: readonly PlantedBug[]): Promise<RedTest | null> {
  await copy.compile()
  return firstRed(copy, [...new Set(bugs.flatMap(({ tests }) => tests))])
}

async function firstRed(copy: ProjectCopy, tests: readonly string[]): Promise<RedTest | null> {
  for (const project of ['fast', 'long'] as const) {
    const names = tests.filter((name) => name.endsWith('.long') === (project === 'long'))
    if (names.length === 0) continue
    const red = await copy.firstRed(project, names)
    if (red !== null) return red
  }
  return null
}

import { join } from 'node:path'
import { patchName, type PlantedBug } from './planted-bug.js'
import type { ProjectCopy, RedTest } from './project-copy.js'

export const patchDirectory = 'test/planted'

/** What looks at the project's own files, or packs it, is not there to find bugs in the store. */
const wholeSuite = [
  'unit/',
  'conformance/',
  'fault/',
  'histories/',
  'property/',
  'simulation/',
  'crash/',
  'kept-stores/',
]

/** What a hunt needs of a copy of the project. */
export type HuntedCopy = Pick<ProjectCopy, 'apply' | 'unapply' | 'compile' | 'firstRed'>

export interface Hunted {
  readonly bug: PlantedBug
  /** Null: no test found it. */
  readonly caughtBy: RedTest | null
  /** The test that found it is one of its row. */
  readonly isOwn: boolean
  /** Compiling included. */
  readonly ms: number
}

/**
 * Plants a bug in the copy, runs the tests of its row until one is red, and takes the bug out again. If all of them are green,
 * `suite` is run (default: all fast tests) to see who does find it; what is red there must be green without the bug.
 */
export async function hunt(
  copy: HuntedCopy,
  bug: PlantedBug,
  { suite = wholeSuite }: { readonly suite?: readonly string[] } = {},
): Promise<Hunted> {
  const hunted = await whilePlanted(copy, bug, suite)
  const { caughtBy, isOwn } = hunted
  if (caughtBy !== null && !isOwn) {
    await copy.compile()
    const red = await copy.firstRed('fast', caughtBy.names)
    if (red !== null) throw new Error(redAnyway(red))
  }
  return hunted
}

async function whilePlanted(copy: HuntedCopy, bug: PlantedBug, suite: readonly string[]): Promise<Hunted> {
  const began = performance.now()
  const patch = join(patchDirectory, patchName(bug))
  try {
    await copy.apply(patch)
  } catch (error) {
    throw new Error(`${patchName(bug)} no longer applies: make it anew`, { cause: error })
  }
  try {
    await copy.compile()
    const own = await firstRed(copy, bug.tests)
    const caughtBy = own ?? (suite.length === 0 ? null : await copy.firstRed('fast', suite))
    return { bug, caughtBy, isOwn: own !== null, ms: performance.now() - began }
  } finally {
    await copy.unapply(patch)
  }
}

/** Why the run fails; null if a test of the bug's row found it. A row whose tests do not find its bug proves nothing. */
export function problemOf({ bug, caughtBy, isOwn }: Hunted): string | null {
  if (isOwn) return null
  const missed = `${bug.number} ${bug.name}: no test of its row found it`
  return caughtBy === null ? missed : `${missed}, but ${told(caughtBy)}`
}

/** Without a bug all of these must be green, or red would prove nothing. */
export async function redWithoutBug(copy: HuntedCopy, bugs: readonly PlantedBug[]): Promise<RedTest | null> {
  await copy.compile()
  return firstRed(copy, [...new Set(bugs.flatMap(({ tests }) => tests))])
}

export function redAnyway(red: RedTest): string {
  return `red without any bug: ${told(red)}`
}

function told({ file, title, why }: RedTest): string {
  return `${file}: ${title}\n${why}`
}

async function firstRed(copy: HuntedCopy, tests: readonly string[]): Promise<RedTest | null> {
  for (const project of ['fast', 'long'] as const) {
    const names = tests.filter((name) => name.endsWith('.long') === (project === 'long'))
    if (names.length === 0) continue
    const red = await copy.firstRed(project, names)
    if (red !== null) return red
  }
  return null
}

import { expect, test } from 'vitest'
import { readSource } from './modules.js'

interface Locked {
  readonly version?: string
  readonly resolved?: string
  readonly optionalDependencies?: Readonly<Record<string, string>>
}

const locked = (JSON.parse(readSource('package-lock.json')) as { packages: Record<string, Locked> }).packages

// A clean install refuses a lock file without the packages of the other platforms, which installing here may leave out.
test('the lock file holds the packages of every platform', () => {
  const missing = Object.values(locked)
    .flatMap(({ optionalDependencies = {} }) => Object.keys(optionalDependencies))
    .filter((name) => locked[`node_modules/${name}`] === undefined)
  expect(missing).toEqual([])
})

test('the lock file names no registry', () => {
  expect(Object.values(locked).flatMap(({ resolved }) => resolved ?? [])).toEqual([])
})

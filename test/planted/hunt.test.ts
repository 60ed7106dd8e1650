import { expect, test } from 'vitest'
import { hunt, problemOf, type HuntedCopy } from './hunt.js'
import type { PlantedBug } from './planted-bug.js'
import type { RedTest } from './project-copy.js'

const bug: PlantedBug = { number: '99', name: 'a-bug', what: 'It is wrong', tests: ['unit/own'] }

/** A copy that does nothing but say which of these tests are red: with the bug, and without it. */
class ToldCopy implements HuntedCopy {
  readonly #withBug: readonly string[]
  readonly #withoutBug: readonly string[]
  isPlanted = false
  isCompiled = false

  constructor(withBug: readonly string[], withoutBug: readonly string[] = []) {
    this.#withBug = withBug
    this.#withoutBug = withoutBug
  }

  apply = (): Promise<void> => this.#plant(true)
  unapply = (): Promise<void> => this.#plant(false)
  compile = (): Promise<void> => {
    this.isCompiled = true
    return Promise.resolve()
  }

  firstRed = (_project: 'fast' | 'long', names: readonly string[]): Promise<RedTest | null> => {
    if (!this.isCompiled) throw new Error('what is run is not what was compiled')
    const red = this.isPlanted ? this.#withBug : this.#withoutBug
    const name = red.find((one) =>
      names.some((each) => (each.endsWith('/') ? one.startsWith(each) : each === one)),
    )
    return Promise.resolve(
      name === undefined ? null : { file: `${name}.js`, title: 'promise', why: 'broken', names: [name] },
    )
  }

  #plant(isPlanted: boolean): Promise<void> {
    this.isPlanted = isPlanted
    this.isCompiled = false
    return Promise.resolve()
  }
}

test('a bug that a test of its row finds is no problem', async () => {
  const copy = new ToldCopy(['fault/other', 'unit/own'])
  const hunted = await hunt(copy, bug)
  expect(hunted).toMatchObject({ caughtBy: { file: 'unit/own.js' }, isOwn: true })
  expect(problemOf(hunted)).toBeNull()
  expect(copy.isPlanted).toBe(false)
})

test('a bug that no test finds fails the run', async () => {
  const copy = new ToldCopy([])
  const hunted = await hunt(copy, bug)
  expect(hunted).toMatchObject({ caughtBy: null, isOwn: false })
  expect(problemOf(hunted)).toBe('99 a-bug: no test of its row found it')
  expect(copy.isPlanted).toBe(false)
})

test('a bug that only a test of another row finds fails the run, which says who finds it', async () => {
  const hunted = await hunt(new ToldCopy(['fault/other']), bug)
  expect(hunted).toMatchObject({ caughtBy: { file: 'fault/other.js' }, isOwn: false })
  expect(problemOf(hunted)).toBe('99 a-bug: no test of its row found it, but fault/other.js: promise\nbroken')
  expect(problemOf(await hunt(new ToldCopy(['fault/other']), bug, { suite: [] }))).toContain('no test')
})

test('a test that is red without the bug as well has found nothing, and fails the run', async () => {
  const copy = new ToldCopy(['fault/other'], ['fault/other'])
  await expect(hunt(copy, bug)).rejects.toThrow('red without any bug: fault/other.js: promise\nbroken')
  expect(copy.isPlanted).toBe(false)
})

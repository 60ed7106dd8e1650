import { expect, test } from 'vitest'
import { errorKinds } from '../../src/errors.js'
import { readSource } from './modules.js'

/**
 * The codes and kinds in the tables of a page. A row counts when one cell is a kind and another holds nothing but codes,
 * each in backticks; what other cells say does not matter.
 */
function documented(page: string): [code: string, kind: string][] {
  return page.split('\n').flatMap((line) => {
    const cells = line.split('|').map((cell) => cell.trim())
    const kind = cells.find((cell) => /^`[a-z-]+`$/.test(cell))
    const codes = cells.find((cell) => /^(?:`[A-Z_]+`[\s,]*)+$/.test(cell))
    if (kind === undefined || codes === undefined) return []
    return [...codes.matchAll(/[A-Z_]+/g)].map(([code]): [string, string] => [code, kind.slice(1, -1)])
  })
}

const byCode = (a: [string, string], b: [string, string]): number => (a[0] < b[0] ? -1 : 1)

test('docs/errors.md has one row for each error, with its kind', () => {
  expect(documented(readSource('docs/errors.md')).toSorted(byCode)).toEqual(
    Object.entries(errorKinds).toSorted(byCode),
  )
})

test('the rows are read as a person reads them', () => {
  const page = [
    '| code | kind | what now |',
    '|---|---|---|',
    '| `LOCKED` | `unavailable` | retry, as after `OVERLOADED` |',
    '| `invalid` | `INVALID_ARGUMENT` `TOO_LARGE` |',
    '`CLOSED` is not in a row',
  ]
  expect(documented(page.join('\n'))).toEqual([
    ['LOCKED', 'unavailable'],
    ['INVALID_ARGUMENT', 'invalid'],
    ['TOO_LARGE', 'invalid'],
  ])
})

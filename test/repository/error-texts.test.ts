import { parseSync, Visitor } from 'oxc-parser'
import type { Argument, Expression } from 'oxc-parser'
import { expect, test } from 'vitest'
import { readSource, sourceFiles } from './modules.js'

/** Functions that make an error of a text that they are given. */
const makers = new Set(['badBytes', 'corrupt', 'damaged', 'fail', 'invalid', 'readError'])

/** A capital at the beginning of a sentence; names such as LevelDB, and codes, have more of them. */
const capitalised = /^[A-Z][a-z]*\s/

type Texts = ReadonlyMap<string, readonly Expression[]>

/** What an argument may say, also where a constant of the module or a condition says it. */
function textsOf(argument: Argument, constants: Texts): string[] {
  switch (argument.type) {
    case 'Literal':
      return typeof argument.value === 'string' ? [argument.value] : []
    case 'TemplateLiteral':
      // Where something is put in, a mark stands for it.
      return [argument.quasis.map(({ value }) => value.raw).join('\u{fffd}')]
    case 'ConditionalExpression':
      return [argument.consequent, argument.alternate].flatMap((one) => textsOf(one, constants))
    case 'Identifier':
      return (constants.get(argument.name) ?? []).flatMap((one) => textsOf(one, new Map()))
    default:
      return []
  }
}

/** Texts of errors that begin with a capital. */
function capitalisedTexts(path: string, source = readSource(path)): string[] {
  const { program } = parseSync(path, source)
  const constants = new Map<string, Expression[]>()
  const given: Argument[] = []
  new Visitor({
    VariableDeclarator({ id, init }) {
      if (id.type !== 'Identifier' || init === null) return
      constants.set(id.name, [...(constants.get(id.name) ?? []), init])
    },
    NewExpression(node) {
      if (node.callee.type === 'Identifier' && node.callee.name.endsWith('Error'))
        given.push(...node.arguments)
    },
    CallExpression({ callee, arguments: all }) {
      const named = callee.type === 'MemberExpression' ? callee.property : callee
      if (named.type === 'Identifier' && makers.has(named.name)) given.push(...all)
    },
  }).visit(program)
  return given
    .flatMap((argument) => textsOf(argument, constants))
    .filter((text) => capitalised.test(text))
    .map((text) => `${path}: ${text}`)
}

// Many begin with the name of a field or a file, and a program puts its own words before the others. The simulated
// LevelDB says what LevelDB says.
test('texts of errors begin with a small letter', () => {
  const files = sourceFiles('src').filter((path) => !path.startsWith('src/simulation/level/'))
  expect(files.flatMap((path) => capitalisedTexts(path))).toEqual([])
})

test.each([
  "throw new ColumbaError('CLOSED', 'The store is closed')",
  'throw new Error(`Shard ${shard} is gone`)',
  "throw new RangeError(isOne ? 'one' : 'A row too many')",
  "const what = 'The log is gone'; throw new ColumbaError('CORRUPT', what)",
  "throw readError(error, 'A body file', {})",
  "throw this.#state.fail(0, 'Writing to', error)",
])('%s is caught', (source) => {
  expect(capitalisedTexts('src/local/error.ts', source)).toHaveLength(1)
})

test.each([
  "throw new ColumbaError('CLOSED', 'the store is closed')",
  "throw new ColumbaError('CORRUPT', `${file} is damaged`)",
  "throw new RangeError('LevelDB takes no such key')",
])('%s is allowed', (source) => {
  expect(capitalisedTexts('src/local/error.ts', source)).toEqual([])
})

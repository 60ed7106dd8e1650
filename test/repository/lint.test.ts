import { spawnSync } from 'node:child_process'
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { root } from './modules.js'

// House rules that the linter and the compiler can express live in their settings; here they are run, and each rule
// that matters is shown to catch what it is there for.

interface Finding {
  readonly file: string
  readonly rule: string
}

function lint(folder: string): Finding[] {
  const { stdout } = node(folder, 'node_modules/oxlint/bin/oxlint', '--format', 'json', 'src', 'test')
  const report = JSON.parse(stdout) as { diagnostics: { filename: string; code?: string; message: string }[] }
  return report.diagnostics.map(({ filename, code, message }) => ({ file: filename, rule: code ?? message }))
}

function node(folder: string, script: string, ...args: string[]): { stdout: string } {
  const run = spawnSync(process.execPath, [join(root, script), ...args], { cwd: folder, encoding: 'utf8' })
  if (run.error !== undefined) throw run.error
  return run
}

test('the project is clean', () => {
  expect(lint(root)).toEqual([])
})

const offenders: readonly (readonly [rule: string, file: string, source: string])[] = [
  ['eslint(max-lines)', 'src/domain/long.ts', `${'// line\n'.repeat(400)}export const one = 1\n`],
  ['eslint(no-console)', 'src/domain/console.ts', "console.log('hello')"],
  ['eslint(no-restricted-globals)', 'src/domain/date.ts', 'export const now = Date.now()'],
  ['eslint(no-restricted-globals)', 'src/domain/timer.ts', 'setTimeout(() => undefined, 10)'],
  ['eslint(no-restricted-globals)', 'src/domain/process.ts', 'export const id = process.pid'],
  ['eslint(no-restricted-imports)', 'src/domain/fs.ts', "export { readFileSync } from 'node:fs'"],
  [
    'eslint(no-restricted-imports)',
    'src/domain/random-bytes.ts',
    "export { randomBytes } from 'node:crypto'",
  ],
  ['eslint(no-restricted-properties)', 'src/domain/random.ts', 'export const dice = Math.random()'],
  ['eslint(no-restricted-properties)', 'src/domain/global.ts', 'export const now = globalThis.Date.now()'],
  ['eslint(no-warning-comments)', 'src/domain/later.ts', '// TODO: write it\nexport const one = 1'],
  ['import(no-default-export)', 'src/domain/default.ts', 'export default 1'],
  ['typescript(await-thenable)', 'src/domain/await.ts', 'export const f = async (n: number) => { await n }'],
  [
    'typescript(consistent-type-imports)',
    'src/domain/type.ts',
    "import { Stats } from './node.js'\nexport type T = Stats",
  ],
  ['typescript(no-explicit-any)', 'src/domain/any.ts', 'export const f = (x: any) => String(x)'],
  ['typescript(no-floating-promises)', 'src/domain/floating.ts', 'Promise.resolve(1)'],
  ['typescript(no-misused-promises)', 'src/domain/misused.ts', '[1].forEach(async () => {})'],
  ['vitest(no-focused-tests)', 'test/only.test.ts', "test.only('this', () => {})"],
  ['vitest(no-disabled-tests)', 'test/skip.test.ts', "test.skip('that', () => {})"],
]

let folder: string
let findings: Finding[]

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'columba-lint-'))
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'), 'junction')
  for (const file of ['.oxlintrc.json', 'tsconfig.json', 'package.json'])
    copyFileSync(join(root, file), join(folder, file))
  for (const [, file, source] of [...offenders, ['', 'src/domain/enum.ts', 'export enum Kind { one }']]) {
    mkdirSync(dirname(join(folder, file)), { recursive: true })
    writeFileSync(join(folder, file), source)
  }
  findings = lint(folder)
})

afterAll(() => {
  rmSync(folder, { recursive: true })
})

test.each(offenders)('%s catches %s', (rule, file) => {
  expect(findings).toContainEqual({ file, rule })
})

test('the compiler refuses an enum', () => {
  expect(node(folder, 'node_modules/typescript/bin/tsc', '-p', '.').stdout).toMatch(
    /enum\.ts.* error TS1294:/,
  )
})

import { execFile } from 'node:child_process'
import { cp, mkdtemp, readFile, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)
const maxBuffer = 64 * 1024 * 1024

/** A test that failed, or what kept the tests from being run. */
export interface RedTest {
  readonly file: string
  readonly title: string
}

interface JsonResults {
  readonly numPassedTests: number
  readonly numPendingTests: number
  readonly testResults: readonly {
    readonly name: string
    readonly status: string
    readonly assertionResults: readonly { readonly status: string; readonly fullName: string }[]
  }[]
}

/**
 * A copy of the project in a temporary directory, where anything may be broken. It shares the installed packages with the
 * original and compiles without checking types: a bug that the compiler would find is not one that we plant.
 */
export class ProjectCopy {
  readonly directory: string
  readonly #source: string

  private constructor(directory: string, source: string) {
    this.directory = directory
    this.#source = source
  }

  /** Copies what git knows of the project in `source`, as it is in the working tree. */
  static async of(source: string): Promise<ProjectCopy> {
    const directory = await mkdtemp(join(tmpdir(), 'columba-planted-'))
    const { stdout } = await run('git', ['ls-files', '-z'], { cwd: source, maxBuffer })
    for (const path of stdout.split('\0')) {
      if (/^(?:src|test|demo|examples)\/|^[^/]+\.(?:json|js)$|^\.npmrc$/.test(path)) {
        await cp(join(source, path), join(directory, path), { recursive: true })
      }
    }
    await symlink(join(source, 'node_modules'), join(directory, 'node_modules'))
    return new ProjectCopy(directory, source)
  }

  remove(): Promise<void> {
    return rm(this.directory, { recursive: true, force: true })
  }

  async compile(): Promise<void> {
    await this.#node('typescript/bin/tsc', ['-p', 'tsconfig.json', '--noCheck'])
  }

  /** One line of context must fit; where in the file it is may have changed. Rejects if the patch does not apply. */
  async apply(patch: string): Promise<void> {
    await this.#git(['apply', '-C1', '--whitespace=nowarn', join(this.#source, patch)])
  }

  async unapply(patch: string): Promise<void> {
    await this.#git(['apply', '-R', '-C1', '--whitespace=nowarn', join(this.#source, patch)])
  }

  /** Runs test files, and all in folders (`unit/`), until the first is red; null if all are green. */
  async firstRed(project: 'fast' | 'long', names: readonly string[]): Promise<RedTest | null> {
    return (await this.run(project, names)).red
  }

  /** The same, with how many tests have passed: none where this machine lets them all be skipped. */
  async run(
    project: 'fast' | 'long',
    names: readonly string[],
  ): Promise<{ readonly red: RedTest | null; readonly passed: number }> {
    const results = join(this.directory, 'results.json')
    await rm(results, { force: true })
    const files = names.map((name) => (name.endsWith('/') ? `test/${name}` : `test/${name}.test.js`))
    const failure = await this.#node('vitest/vitest.mjs', [
      'run',
      ...['--project', project, '--bail', '1', '--testTimeout', '300000'],
      ...['--reporter', 'json', '--outputFile', results],
      ...files,
    ]).then(
      () => null,
      (error: unknown) => error,
    )
    const found = JSON.parse(await readFile(results, 'utf8')) as JsonResults
    const passed = found.numPassedTests
    const red = redOf(found)
    if (red !== null) return { red: { ...red, file: red.file.slice(red.file.indexOf('/test/') + 1) }, passed }
    if (failure === null) return { red: null, passed }
    // Green tests, and yet a failure: an error that no test waited for.
    return { red: { file: names.join(', '), title: 'an error outside of the tests' }, passed }
  }

  #git(args: string[]) {
    // The copy may lie below another repository, whose business this is not.
    const env = { ...process.env, GIT_CEILING_DIRECTORIES: tmpdir() }
    return run('git', args, { cwd: this.directory, env })
  }

  #node(script: string, args: string[]) {
    // The results of these runs are their own: what CI counts is the run around them.
    const { TEST_RESULTS: _ofTheRunAround, ...around } = process.env
    const env = { ...around, NODE_ENV: 'test' }
    return run(process.execPath, [join('node_modules', script), ...args], {
      cwd: this.directory,
      env,
      maxBuffer,
      timeout: 10 * 60_000,
    })
  }
}

function redOf({ testResults, numPassedTests, numPendingTests }: JsonResults): RedTest | null {
  for (const { name, status, assertionResults } of testResults) {
    const failed = assertionResults.find((result) => result.status === 'failed')
    if (failed !== undefined) return { file: name, title: failed.fullName }
    if (status === 'failed') return { file: name, title: 'the file cannot be loaded' }
  }
  if (numPassedTests + numPendingTests === 0)
    throw new Error('no test ran: the table names files that are not there')
  return null
}

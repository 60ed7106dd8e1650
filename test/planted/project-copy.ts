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
  /** How it failed: what is random says its seed there. */
  readonly why: string
  /** What to run to see it again. */
  readonly names: readonly string[]
}

interface JsonResults {
  readonly numPassedTests: number
  readonly testResults: readonly {
    readonly name: string
    readonly status: string
    readonly message: string
    readonly assertionResults: readonly {
      readonly status: string
      readonly fullName: string
      readonly failureMessages: readonly string[]
    }[]
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

  /**
   * Copies all that git knows of the project in `source`, as it is in the working tree: a test that lacks a file which it reads
   * is red without any bug.
   */
  static async of(source: string): Promise<ProjectCopy> {
    const directory = await mkdtemp(join(tmpdir(), 'columba-planted-'))
    const { stdout } = await run('git', ['ls-files', '-z'], { cwd: source, maxBuffer })
    for (const path of stdout.split('\0').filter((each) => each !== ''))
      await cp(join(source, path), join(directory, path))
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
      (error: Error) => error,
    )
    const text = await readFile(results, 'utf8').catch(() => {
      throw new Error(`the tests did not come to their end: ${names.join(', ')}`, { cause: failure })
    })
    const red = redOf(JSON.parse(text) as JsonResults)
    if (red !== null) return red
    if (failure === null) return null
    // Green tests, and yet a failure: an error that no test waited for.
    return { file: names.join(', '), title: 'an error outside of the tests', why: failure.message, names }
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
      timeout: 20 * 60_000,
    })
  }
}

function redOf({ testResults, numPassedTests }: JsonResults): RedTest | null {
  for (const { name, status, message, assertionResults } of testResults) {
    const failed = assertionResults.find((result) => result.status === 'failed')
    if (failed !== undefined) return redIn(name, failed.fullName, failed.failureMessages.join('\n'))
    if (status === 'failed') return redIn(name, 'the file cannot be loaded', message)
  }
  if (numPassedTests === 0) throw new Error('no test ran: the table names files that are not there')
  return null
}

/** `path`: of the compiled file in the copy. */
function redIn(path: string, title: string, why: string): RedTest {
  const file = path.slice(path.lastIndexOf('/test/') + 1)
  return { file, title, why, names: [file.slice('test/'.length, -'.test.js'.length)] }
}

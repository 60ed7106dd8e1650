import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, onTestFinished, test } from 'vitest'
import { readSource, root } from '../repository/modules.js'

const runFile = promisify(execFile)
const readme = readSource('README.md')

/** The first block of the language. */
function block(language: string): string {
  const found = new RegExp(`\`\`\`${language}\\n(.*?)\`\`\``, 's').exec(readme)?.[1]
  if (found === undefined) throw new Error(`README.md has no block of ${language}`)
  return found
}

test('the first example runs as written and prints what is said', async () => {
  // Inside the package, so that it finds the package by its name.
  const directory = await mkdtemp(join(root, '.build', 'readme-'))
  onTestFinished(() => rm(directory, { recursive: true }))
  await writeFile(join(directory, 'example.mjs'), block('js'))
  const { stdout, stderr } = await runFile(process.execPath, ['example.mjs'], {
    cwd: directory,
    timeout: 30_000,
  })
  expect(stderr).toBe('')
  expect(stdout).toBe(block('text'))
})

test.each([...readme.matchAll(/\]\(([\w./-]+)\)/g)].map(([, path]) => path ?? ''))('%s is there', (path) => {
  expect(existsSync(join(root, path))).toBe(true)
})

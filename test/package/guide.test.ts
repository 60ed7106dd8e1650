import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, onTestFinished, test } from 'vitest'
import { readSource, root } from '../repository/modules.js'

const runFile = promisify(execFile)
const [, section = ''] = readSource('docs/guide.md').split('## Test a backend of your own\n')
const [text = ''] = section.split('\n## ')
const snippets = [...text.matchAll(/```js\n(.*?)```/gs)].map(([, code = '']) => code)

/** In place of the backend of a snippet. */
const wrong = `
class Wrong extends ReferenceBackend {
  async append(handle, head, draft) {
    return { ...(await super.append(handle, head, draft)), timestamp: 1 }
  }
}
`

/** What the program prints; rejects if it fails. */
async function run(code: string): Promise<string> {
  // Inside the package, so that it finds the package by its name.
  const directory = await mkdtemp(join(root, '.build', 'guide-'))
  onTestFinished(() => rm(directory, { recursive: true }))
  await writeFile(join(directory, 'snippet.mjs'), code)
  const options = { cwd: directory, timeout: 30_000 }
  const { stdout, stderr } = await runFile(process.execPath, ['snippet.mjs'], options)
  return stdout + stderr
}

test('the guide shows three ways to test a backend', () => {
  expect(snippets).toHaveLength(3)
})

test.each(snippets)('number %# runs as written, and finds what is wrong', async (code) => {
  const [imports = '', ...rest] = code.split('\n\n')
  const mistaken = [
    imports,
    wrong,
    ...rest.map((part) => part.replaceAll('new ReferenceBackend', 'new Wrong')),
  ]
  const outcomes = await Promise.allSettled([run(code), run(mistaken.join('\n'))])
  expect(outcomes[0]).toMatchObject({ status: 'fulfilled' })
  expect(outcomes[1].status).toBe('rejected')
  const { stdout, stderr } = (outcomes[1] as PromiseRejectedResult).reason as Record<string, string>
  expect(`${stdout}${stderr}`).toMatch(/timestamp|a time of the store|"rule":"time"/)
})

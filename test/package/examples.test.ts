import { execFile } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import { readSource, root } from '../repository/modules.js'

const names = readdirSync(join(root, 'examples')).filter((name) => name.endsWith('.mjs'))
const runFile = promisify(execFile)

describe('examples', () => {
  test.each(names)('%s runs, says something, and complains about nothing', async (name) => {
    const { stdout, stderr } = await runFile(process.execPath, [join('examples', name)], {
      cwd: root,
      timeout: 30_000,
    })
    expect(stderr).toBe('')
    expect(stdout).not.toBe('')
  })

  test('the guide shows each of them, and no others', () => {
    const shown = [...readSource('docs/guide.md').matchAll(/\.\.\/examples\/([\w-]+\.mjs)/g)].map(
      ([, name]) => name,
    )
    expect(new Set(shown)).toEqual(new Set(names))
  })
})

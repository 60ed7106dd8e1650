import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

test('those who left a group at different messages look at it at the same time, and each sees the own last one', async () => {
  const script = fileURLToPath(new URL('leavers-command.js', import.meta.url))
  const { stdout } = await promisify(execFile)(process.execPath, [script], {
    timeout: 20_000,
    killSignal: 'SIGKILL',
  })
  const seen = 'user 0, user 1, user 2, user 3, last, last\n'
  expect(stdout).toBe(seen.repeat(6))
}, 30_000)

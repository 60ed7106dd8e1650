import { spawnSync } from 'node:child_process'
import { cp, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { root } from '../repository/modules.js'
import { temporaryDirectory } from '../fixtures/temporary-directory.js'

const compiled = fileURLToPath(new URL('../../src', import.meta.url))

/** More than is flushed without a thread; then once more what was acknowledged. */
const program = `import { openMessageStore } from './src/index.js'
const warned = []
const logger = { info: () => undefined, warn: (message) => warned.push(message), error: (message) => warned.push(message) }
const store = await openMessageStore({ location: process.argv[2] }, { logger })
const text = 'x'.repeat(4000)
const sends = Array.from({ length: 500 }, (_, n) => store.sendMessage({ sender: 'ann', receiver: 'bob', text, id: String(n) }))
await Promise.all(sends)
await store.admin.checkpoint()
const { flushes } = (await store.admin.stats()).generations
await store.close()
const again = await openMessageStore({ location: process.argv[2] })
const { total } = await again.getUnread('bob')
await again.close()
console.log(JSON.stringify({ total, flushes, warned }))
`

test('without the module of the flush thread, as in a bundle, flushes go on beside other calls, and the logger hears of it', async () => {
  const place = await temporaryDirectory()
  await cp(compiled, join(place, 'src'), { recursive: true })
  await rm(join(place, 'src/local/background/flush-worker.js'))
  await symlink(join(root, 'node_modules'), join(place, 'node_modules'), 'junction')
  await writeFile(join(place, 'package.json'), JSON.stringify({ type: 'module' }))
  await writeFile(join(place, 'program.js'), program)
  const { stdout, stderr } = spawnSync(process.execPath, ['program.js', 'data'], {
    cwd: place,
    encoding: 'utf8',
  })
  expect(stderr).toBe('')
  expect(JSON.parse(stdout)).toEqual({
    total: 500,
    flushes: 1,
    warned: ['flush-worker.js is missing: flushes have no thread'],
  })
})

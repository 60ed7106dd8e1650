import { spawnSync } from 'node:child_process'
import { cp, mkdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises'
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

/** What the program says of a copy of the compiled library, which `bundle` makes into something like a bundle. */
async function run(bundle: (background: string) => Promise<unknown>): Promise<unknown> {
  const place = await temporaryDirectory()
  await cp(compiled, join(place, 'src'), { recursive: true })
  await bundle(join(place, 'src/local/background'))
  await symlink(join(root, 'node_modules'), join(place, 'node_modules'), 'junction')
  await writeFile(join(place, 'package.json'), JSON.stringify({ type: 'module' }))
  await writeFile(join(place, 'program.js'), program)
  const { stdout, stderr } = spawnSync(process.execPath, ['program.js', 'data'], {
    cwd: place,
    encoding: 'utf8',
  })
  expect(stderr).toBe('')
  return JSON.parse(stdout)
}

const withoutThread = {
  total: 500,
  flushes: 1,
  warned: ['flush-worker.js is missing: flushes have no thread'],
}

test('without the module of the flush thread, as in a bundle, flushes go on beside other calls, and the logger hears of it', async () => {
  expect(await run((background) => rm(join(background, 'flush-worker.js')))).toEqual(withoutThread)
})

test('with a copy of the module of the flush thread alone, as webpack puts it beside the bundle, flushes go on, and the logger hears of it', async () => {
  const seen = await run(async (background) => {
    const made = join(background, 'flush-thread.js')
    await mkdir(join(background, 'assets'))
    await rename(join(background, 'flush-worker.js'), join(background, 'assets/1f.js'))
    const text = await readFile(made, 'utf8')
    await writeFile(made, text.replace('./flush-worker.js', './assets/1f.js'))
  })
  expect(seen).toEqual(withoutThread)
})

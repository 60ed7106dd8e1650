import { lstat, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { temporaryDirectory } from '../fixtures/temporary-directory.js'
import { openSample } from './verify/sample-store.js'

/** LevelDB makes its own files, with the mode that the umask leaves; who cannot enter their directories cannot read them. */
const ofLevel = /^store\/shards\/[^/]+\/[^/]+$/

async function modesIn(
  root: string,
): Promise<{ directories: Set<string>; files: Set<string>; names: string[] }> {
  const directories = new Set<string>()
  const files = new Set<string>()
  const names = await readdir(root, { recursive: true })
  for (const name of ['.', ...names]) {
    const found = await lstat(join(root, name))
    const mode = (found.mode & 0o777).toString(8)
    if (found.isDirectory()) directories.add(mode)
    else if (!ofLevel.test(name)) files.add(mode)
  }
  return { directories, files, names }
}

test('all that a store makes is its owner’s alone: directories, also those above it, and files, open and closed', async () => {
  const above = join(await temporaryDirectory(), 'above')
  const location = join(above, 'store')
  const store = await openSample(location)
  onTestFinished(() => store.close())
  await store.groups.create({ id: 'group', creator: 'ann', members: ['ben', 'cem', 'dan'] })
  for (let i = 0; i < 60; i++) {
    await store.sendMessage({ sender: 'ann', receiver: `user ${i % 5}`, text: 'x'.repeat(200) })
    await store.sendMessage({ sender: 'ben', conversationId: 'group', text: `${i}` })
  }
  await store.admin.checkpoint()
  const alone = { directories: new Set(['700']), files: new Set(['600']) }
  const open = await modesIn(above)
  expect(open).toMatchObject(alone)
  const kinds = ['LOCK.json', 'MANIFEST', 'log/', 'bodies/', 'shards/']
  expect(kinds.filter((kind) => !open.names.some((name) => name.startsWith(`store/${kind}`)))).toEqual([])
  await store.close()
  expect(await modesIn(above)).toMatchObject(alone)
})

import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect } from 'vitest'
import { isColumbaError, openMessageStore } from '../../../src/index.js'
import { temporaryDirectory } from '../../fixtures/temporary-directory.js'

/** Opens a store with every `step`th of all damaged manifests there are; each is refused, and nothing changes. */
export async function refuseDamagedManifests(step: number): Promise<void> {
  const location = await temporaryDirectory()
  const path = join(location, 'MANIFEST')
  const store = await openMessageStore({ location })
  const receipt = await store.sendMessage({ sender: 'ann', receiver: 'bob', id: '1', text: 'hello' })
  await store.close()
  const whole = await readFile(path)
  const names = await readdir(location)

  const flips = Array.from({ length: whole.length * 8 }, (_, bit) => {
    const bytes = Buffer.from(whole)
    bytes[bit >> 3] = (bytes[bit >> 3] as number) ^ (1 << (bit & 7))
    return { what: `bit ${bit}`, bytes }
  })
  const lengths = Array.from({ length: whole.length }, (_, length) => ({
    what: `length ${length}`,
    bytes: whole.subarray(0, length),
  }))
  const longer = { what: 'a byte more', bytes: Buffer.concat([whole, Buffer.alloc(1)]) }

  const wrong: string[] = []
  const all = [...flips, ...lengths, longer]
  const first = Date.now() % step
  for (const { what, bytes } of all.filter((_, index) => index % step === first)) {
    await writeFile(path, bytes)
    const outcome = await openMessageStore({ location }).then(
      async (opened) => {
        await opened.close()
        return 'opened'
      },
      (error: unknown) => error,
    )
    const { file, offset } = isColumbaError(outcome, 'CORRUPT') ? outcome.details : {}
    const isRefused = file === path && typeof offset === 'number' && offset <= bytes.length
    if (!isRefused) wrong.push(`${what}: ${String(outcome)}`)
    if (!(await readFile(path)).equals(bytes)) wrong.push(`${what}: the manifest was changed`)
  }
  expect(wrong).toEqual([])
  expect(await readdir(location)).toEqual(names)

  await writeFile(path, whole)
  const again = await openMessageStore({ location })
  expect(await again.sendMessage({ sender: 'ann', receiver: 'bob', id: '1', text: 'hello' })).toEqual({
    ...receipt,
    duplicate: true,
  })
  await again.close()
}

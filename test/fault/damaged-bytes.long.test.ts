import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeAll, expect, test } from 'vitest'
import { SeededChance } from '../../src/backend/reference/seeded-chance.js'
import { dumpStore } from '../../src/model-checking/dump-store.js'
import { openCrashStore } from '../crash/crash-store.js'
import { temporaryDirectory } from '../fixtures/temporary-directory.js'
import { users, variant } from './damaged-answer.js'
import { abortedByLevel, DamagedElsewhere } from './damaged-elsewhere.js'

/** A store so small that each byte of its files can be damaged in turn. */
let whole = ''
let expected: unknown

beforeAll(async () => {
  whole = await mkdtemp(join(tmpdir(), 'columba-bytes-'))
  const store = await openCrashStore({ location: whole, variant, settings: { shards: 1 } })
  for (const [sender, receiver, text] of [
    ['ann', 'bob', 'soup?'],
    ['bob', 'ann', 'soup.'],
  ] as const)
    await store.sendMessage({ sender, receiver, id: text, text })
  await store.markRead('ann', { peer: 'bob' })
  await store.admin.checkpoint()
  expected = await dumpStore(store, users)
  await store.close()
  return () => rm(whole, { recursive: true })
})

test.each([
  { directory: 'bodies', pattern: /\.bodies$/, allowed: ['CORRUPT'] },
  {
    directory: 'shards/0000',
    pattern: /\.ldb$/,
    allowed: ['CORRUPT', 'told by verify', abortedByLevel],
  },
])(
  'each byte of $directory/$pattern, damaged: never a wrong answer',
  async ({ directory, pattern, allowed }) => {
    const seed = Date.now() % 1_000_000
    const chance = new SeededChance(seed)
    const desk = await temporaryDirectory()
    const names = (await readdir(join(whole, directory))).filter((name) => pattern.test(name))
    const places: { readonly path: string; readonly at: number; readonly bit: number }[] = []
    for (const path of names.map((name) => join(directory, name))) {
      const { length } = await readFile(join(whole, path))
      for (let at = 0; at < length; at++) places.push({ path, at, bit: chance.below(8) })
    }
    expect(places.length).toBeGreaterThan(80)
    const seen = new Map<string, number>()
    const wrong: string[] = []
    const damageAll = async (reader: DamagedElsewhere, place: string): Promise<void> => {
      for (let next = places.pop(); next !== undefined; next = places.pop()) {
        const { path, at, bit } = next
        const store = join(desk, place)
        await cp(whole, store, { recursive: true })
        const bytes = await readFile(join(store, path))
        bytes[at]! ^= 1 << bit
        await writeFile(join(store, path), bytes)
        const found = await reader.answer(store, expected)
        seen.set(found, (seen.get(found) ?? 0) + 1)
        if (found !== 'the same' && !allowed.includes(found))
          wrong.push(`${path}, bit ${bit} of ${at}: ${found}`)
        await rm(store, { recursive: true })
      }
      reader.end()
    }
    await Promise.all(['one', 'two'].map((place) => damageAll(new DamagedElsewhere(), place)))
    expect(wrong, `seed ${seed}`).toEqual([])
    expect(seen.get('CORRUPT')).toBeGreaterThan(50)
  },
)

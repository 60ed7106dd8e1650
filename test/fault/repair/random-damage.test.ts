import { readdir, readFile, rm, unlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { SeededChance } from '../../../src/backend/reference/seeded-chance.js'
import { makeSample } from '../verify/sample-store.js'
import { copyOf, isLost, messagesOf, repair, seenIn } from './damaged-store.js'

let sample: string
let whole: unknown
beforeAll(async () => {
  sample = await makeSample()
  whole = await seenIn(sample)
})
afterAll(() => rm(sample, { recursive: true, force: true }))

async function damageSomething(location: string, chance: SeededChance): Promise<string> {
  const files: string[] = []
  for (const part of ['shards/0000', 'shards/0001', 'bodies', 'log'])
    for (const name of (await readdir(join(location, part))).sort()) files.push(`${part}/${name}`)
  const file = files[Math.floor(chance.next() * files.length)] as string
  const path = join(location, file)
  const bytes = await readFile(path)
  const at = Math.floor(chance.next() * bytes.length)
  const what = chance.next()
  if (what < 0.2) await unlink(path)
  else if (what < 0.4) await writeFile(path, bytes.subarray(0, at))
  else {
    for (let i = 0; i < 1 + chance.next() * 8 && at + i < bytes.length; i++)
      bytes[at + i] = chance.next() * 256
    await writeFile(path, bytes)
  }
  return file
}

const firstSeed = Number(process.env['SEED'] ?? 1)
const runs = Number(process.env['RUNS'] ?? 12)

test.each(Array.from({ length: runs }, (_, run) => firstSeed + run))('seed %d', async (seed) => {
  const chance = new SeededChance(seed)
  const location = await copyOf(sample)
  const damaged: string[] = []
  for (let left = 1 + Math.floor(chance.next() * 4); left > 0; left--)
    damaged.push(await damageSomething(location, chance))
  const report = await repair(location)
  const seen = messagesOf(await seenIn(location))
  const inBodies = damaged.some((file) => file.startsWith('bodies'))
  const lostMembers = report.lost.some(({ what }) => what.startsWith('lost membership'))
  // Whoever is taken for one who left does not see all of a group any more; and of the last messages of a conversation
  // nothing tells that is left, if their block is damaged and so are the rows of all who took part.
  const mayBeUnknown = inBodies && damaged.some((file) => file.startsWith('shards'))
  const wrong: string[] = []
  for (const [key, message] of messagesOf(whole)) {
    const now = seen.get(key)
    const fits =
      now === undefined
        ? (lostMembers && !key.startsWith('d.')) || mayBeUnknown
        : isLost(now)
          ? inBodies
          : isDeepStrictEqual(now, message)
    if (!fits) wrong.push(key)
  }
  expect({ seed, damaged, wrong }).toEqual({ seed, damaged, wrong: [] })
})

import type { LocalMessageStore } from '../../src/api/message-store.js'
import type { SeededChance } from '../../src/backend/reference/seeded-chance.js'
import { isColumbaError } from '../../src/errors.js'
import { dumpStore } from '../../src/model-checking/dump-store.js'
import { location, type SimulatedWorld } from '../../src/simulation/simulated-world.js'
import { claim, claimEqual } from './finding.js'
import { users } from './known-world.js'

/** How a store says that something is damaged; the last where it cannot read whose it is. */
const told = ['CORRUPT', 'INCOMPATIBLE', 'LOCKED']

/**
 * One bit turns of a file that no process has open: log, bodies, manifest or what else is there, but for LevelDB's own files, which
 * are simpler here than the real ones. The next process says so, at its opening or when it reads, or nobody misses anything (P5).
 * `before` is what users saw.
 */
export async function turnOneBit(
  world: SimulatedWorld,
  chance: SeededChance,
  before: unknown,
): Promise<void> {
  const files = [...world.disk.files()].filter(
    ([path, { size }]) =>
      path.startsWith(`${location}/`) && !path.startsWith(`${location}/shards/`) && size > 0,
  )
  const chosen = files[chance.below(files.length)]
  claim(chosen !== undefined, 'a store without a file')
  const [path, file] = chosen
  const offset = chance.below(file.size)
  file.flip(offset, chance.below(8))
  const where = `a bit turned in ${path} at ${offset}`
  world.trace.note(where)
  const store = await orDamage(where, () => world.settle(world.open()))
  if (store === null) return
  await look(world, store, before, where)
  await orDamage(where, () => world.settle(store.close()))
}

async function look(
  world: SimulatedWorld,
  store: LocalMessageStore,
  before: unknown,
  where: string,
): Promise<void> {
  const seen = await orDamage(where, () => world.settle(dumpStore(store, users)))
  if (seen === null) return
  const { recovery } = await world.settle(store.admin.stats())
  const report = await world.settle(store.admin.verify())
  // A frame at the end that does not fit its checksum may as well have been torn: it is kept aside, and the opening says so.
  if (recovery.tornFile === null && report.ok) claimEqual(seen, before, `P5 ${where}, and nobody says so`)
}

/** Null if it rejects with what damage rejects with. */
async function orDamage<T>(where: string, work: () => Promise<T>): Promise<T | null> {
  try {
    return await work()
  } catch (error) {
    const code = isColumbaError(error) ? error.code : 'no code'
    claim(told.includes(code), where, String(error), (error as Error).stack)
    return null
  }
}

import { openLocalBackend } from '../local/open-local-backend.js'
import { systemClock } from '../platform/clock.js'
import { nodeFileSystem } from '../platform/node-file-system.js'
import { systemRandom } from '../platform/random.js'
import { type LocalMessageStore, MessageStore } from './message-store.js'
import { checkComponents, checkOptions } from './options.js'
import type { StoreComponentOptions, StoreOptions } from './options.js'
import { soundClock } from './sound-clock.js'
import { soundRandom } from './sound-random.js'

/**
 * Opens the embedded store in a directory, and makes it if it is not there.
 *
 * Rejects with INVALID_ARGUMENT for options that are none, LOCKED if somebody else has the store open (the error says
 * who), INCOMPATIBLE if it was made with other options or by a newer version, CORRUPT if what is there is damaged. A
 * store that was not closed is recovered.
 */
export async function openMessageStore(
  options: StoreOptions,
  components?: StoreComponentOptions,
): Promise<LocalMessageStore> {
  const { settings, usersMode } = checkOptions(options)
  const { clock, random, fileSystem, logger, metrics } = checkComponents(components)
  const world = {
    clock: soundClock(clock ?? systemClock),
    random: soundRandom(random ?? systemRandom),
    fileSystem: fileSystem ?? nodeFileSystem,
    logger,
    metrics,
  }
  const backend = await openLocalBackend(settings, world)
  return new MessageStore(backend, { limits: settings.limits, clock: world.clock, usersMode })
}

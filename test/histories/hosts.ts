import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { MessageStore } from '../../src/api/message-store.js'
import { EventualBackend } from '../../src/backend/reference/eventual-backend.js'
import type { HistoryHost } from '../../src/histories/history-host.js'
import { resolveLimits } from '../../src/limits.js'
import { openLocalBackend, type LocalComponents } from '../../src/local/open-local-backend.js'
import { ManualClock } from '../../src/model-checking/manual-clock.js'
import { nodeFileSystem } from '../../src/platform/node-file-system.js'
import { systemRandom } from '../../src/platform/random.js'
import { interferedFileSystem } from '../fixtures/failing-file-system.js'
import type { LocalVariant } from '../property/stores.js'

const limits = resolveLimits()
const defaults = {
  shards: 2,
  virtualNodes: 16,
  syncEveryMs: Infinity,
  cacheBytes: 8 * 1024 * 1024,
  cacheTierSize: 15,
}

export interface LocalHost extends HistoryHost {
  readonly destroy: () => Promise<void>
}

/** The embedded store in a directory of its own; a crash is a log whose writes and syncs fail from then on. */
export async function localHost(
  { settings, tuning, usersMode }: LocalVariant,
  local: LocalComponents = {},
): Promise<LocalHost> {
  const location = await mkdtemp(join(tmpdir(), 'columba-history-'))
  const clock = new ManualClock()
  const all = { location, ...defaults, limits, ...settings }
  let broken = { yes: false }
  return {
    atOnce: true,
    open: async () => {
      const disk = (broken = { yes: false })
      const fileSystem = interferedFileSystem(nodeFileSystem, {
        before: (operation, path) => {
          clock.jump(1)
          const writes = operation === 'write' || operation === 'sync' || operation === 'truncate'
          if (disk.yes && writes && path.includes('/log/')) throw new Error('the disk is gone')
        },
      })
      const components = { clock, random: systemRandom, fileSystem, logger: undefined, metrics: undefined }
      return new MessageStore(await openLocalBackend(all, components, { ...local, tuning: tuning ?? {} }), {
        limits,
        clock,
        usersMode: usersMode ?? 'open',
      })
    },
    // A store that leaves syncing to the system begins a new time line after a crash, and tokens end there.
    ...(all.syncEveryMs > 0
      ? {}
      : {
          crash: () => {
            broken.yes = true
          },
        }),
    destroy: () => rm(location, { recursive: true, force: true }),
  }
}

/** The store over the backend that refuses writes by chance and shows them late. Nothing of it outlives a close. */
export function eventualHost(seed: number): HistoryHost {
  const clock = new ManualClock()
  const backend = new EventualBackend({ clock, seed })
  const settings = { limits, clock, usersMode: 'open' } as const
  return {
    atOnce: false,
    open: () => Promise.resolve(new MessageStore(backend, settings)),
    settle: () => backend.settle(),
  }
}

import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type LocalMessageStore, MessageStore } from '../../src/api/message-store.js'
import type { SendRequest } from '../../src/api/send-arguments.js'
import { resolveLimits } from '../../src/limits.js'
import { openLocalBackend } from '../../src/local/open-local-backend.js'
import type { LocalTuning } from '../../src/local/tuning.js'
import { dumpStore } from '../../src/model-checking/dump-store.js'
import { everyPage } from '../../src/model-checking/check-user.js'
import { ManualClock } from '../../src/model-checking/manual-clock.js'
import { thingOf } from '../../src/model-checking/thing-of.js'
import { given } from '../../src/model-checking/world.js'
import type { SendReceipt } from '../../src/model/message.js'
import { nodeFileSystem } from '../../src/platform/node-file-system.js'
import { systemRandom } from '../../src/platform/random.js'
import { feedOf } from '../fixtures/feed-pages.js'
import { root } from '../repository/modules.js'
import { unpackDirectory } from './packed-directory.js'
import { groups, registered, users } from './traffic.js'

/** How each of the stores was left. */
export const endings = ['killed', 'closed'] as const
export type Ending = (typeof endings)[number]

/** What is known of a store besides its directory. */
export interface KeptStore {
  /** Every send with its first receipt. */
  readonly sends: readonly (readonly [SendRequest, SendReceipt])[]
  /** By user: from before everything, and from later. */
  readonly tokens: Readonly<Record<string, readonly string[]>>
  /** What `seenIn` saw when it was opened for the first time. */
  readonly seen: unknown
}

const folder = join(root, 'test/kept-stores')
export const packedPath = (ending: Ending): string => join(folder, `${ending}.store.gz`)
export const knownPath = (ending: Ending): string => join(folder, `${ending}.json`)

export async function keptStore(ending: Ending): Promise<KeptStore> {
  return JSON.parse(await readFile(knownPath(ending), 'utf8')) as KeptStore
}

export async function unpackStore(ending: Ending, location: string): Promise<void> {
  await unpackDirectory(await readFile(packedPath(ending)), location)
}

/** So small that a few messages make generations, segments and merged files. */
const tuning: Partial<LocalTuning> = {
  fanOut: 3,
  generationBytes: 1024,
  segmentBytes: 8192,
  checkpointBytes: 1024 * 1024,
  tidyFiles: 2,
  tidyAfterMs: 0,
  tidyRestMs: 0,
  copiedFrom: 1,
  copyRestMs: 0,
}

/** In the default durability: tokens outlive a crash. */
export async function openKept(location: string): Promise<LocalMessageStore> {
  const limits = resolveLimits()
  const settings = {
    location,
    shards: undefined,
    virtualNodes: undefined,
    syncEveryMs: 0,
    cacheBytes: 1024 * 1024,
    cacheTierSize: 15,
    limits,
  }
  const clock = new ManualClock()
  const world = {
    clock,
    random: systemRandom,
    fileSystem: nodeFileSystem,
    logger: undefined,
    metrics: undefined,
  }
  const backend = await openLocalBackend(settings, world, { tuning })
  return new MessageStore(backend, { limits, clock, usersMode: 'open' })
}

/** All that users see, and what the feed tells them from each of their tokens on; as JSON has it. */
export async function seenIn(store: MessageStore, tokens: KeptStore['tokens']): Promise<unknown> {
  const told: Record<string, unknown> = {}
  for (const [user, since] of Object.entries(tokens))
    told[user] = await Promise.all(since.map(async (token) => toldSince(store, user, token)))
  const members: Record<string, unknown> = {}
  for (const [group, member] of Object.entries(groups))
    members[group] = await everyPage(group, (cursor) =>
      store.groups.members(member, group, given({ cursor })),
    )
  const profiles = await Promise.all(registered.map((id) => store.users.get(id)))
  const seen = { users: await dumpStore(store, users), profiles, members, told }
  return JSON.parse(JSON.stringify(seen)) as unknown
}

/** The newest position of each thing that the feed tells of: how often it comes before, nobody has promised. */
async function toldSince(store: MessageStore, user: string, token: string): Promise<Record<string, string>> {
  const told: Record<string, string> = {}
  for (const change of await feedOf(store, user, token)) told[thingOf(change)] = change.position
  return told
}

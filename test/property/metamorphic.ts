import * as fc from 'fast-check'
import type { ChatCommand } from '../../src/model-checking/commands/command.js'
import { dumpStore } from '../../src/model-checking/dump-store.js'
import { runChat } from '../../src/model-checking/run-chat.js'
import type { StoreUnderTest } from '../../src/model-checking/store-under-test.js'
import { tiny, underLocal, underReference } from './stores.js'
import type { LocalVariant } from './stores.js'

/** One way to run the same operations: whatever differs here, nobody who calls the API can tell. */
export interface Way {
  readonly name: string
  readonly open: () => StoreUnderTest & { readonly destroy?: () => Promise<void> }
  /** What is slipped in between the operations, in turn. */
  readonly between?: readonly ChatCommand[]
}

function upkeep(name: string, run: ChatCommand['run']): ChatCommand {
  return { check: () => true, run, toString: () => name }
}

const reopen = upkeep('reopen', (_, real) => real.reopen())
const checkpoint = upkeep('checkpoint', async (_, real) => {
  await real.store.admin.checkpoint()
})

function local(name: string, variant: LocalVariant, between?: readonly ChatCommand[]): Way {
  return { name, open: () => underLocal(variant), ...(between === undefined ? {} : { between }) }
}

export const ways: readonly Way[] = [
  { name: 'the reference backend', open: underReference },
  local('1 shard', { settings: { shards: 1 } }),
  local('8 shards, reopened all the time', { settings: { shards: 8 } }, [reopen]),
  local('no cache', { settings: { cacheBytes: 0 } }),
  local('everything small, with checkpoints', tiny, [checkpoint, reopen]),
  local('every group large', { tuning: { fanOut: 1 } }),
  local('groups of four become large', { tuning: { fanOut: 4 }, settings: { cacheBytes: 8192 } }, [
    checkpoint,
  ]),
  local('no group large', { tuning: { fanOut: Infinity } }, [reopen]),
]

const every = 7

function slippedIn(commands: readonly ChatCommand[], between: readonly ChatCommand[]): ChatCommand[] {
  return commands.flatMap((command, index) => {
    const upkeepNow = index % every === 0 ? between[(index / every) % between.length] : undefined
    return upkeepNow === undefined ? [command] : [command, upkeepNow]
  })
}

/** Runs the operations in one way and gives what every user sees at the end. Ids that a store made are numbered. */
export async function dumpOf(way: Way, commands: readonly ChatCommand[]): Promise<unknown> {
  const under = way.open()
  let dump: unknown
  try {
    const all = slippedIn(commands, way.between ?? [])
    const model = await runChat(fc, under, all, async (store) => {
      dump = await dumpStore(store, ['a', 'a\0', 'a\0b', 'ab', '__proto__'])
    })
    return JSON.parse(numbered(JSON.stringify([dump, model.talks.length])))
  } finally {
    await under.destroy?.()
  }
}

function numbered(dump: string): string {
  const seen = new Map<string, string>()
  return dump.replaceAll(/[0-9A-HJKMNP-TV-Z]{26}/g, (id) => {
    const number = seen.get(id) ?? `made ${seen.size + 1}`
    seen.set(id, number)
    return number
  })
}

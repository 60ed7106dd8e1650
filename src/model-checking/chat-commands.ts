import type { Arbitrary } from 'fast-check'
import type { ChatCommand } from './commands/command.js'
import {
  addMembersCommand,
  createGroupCommand,
  membersCommand,
  removeMemberCommand,
  renameCommand,
} from './commands/groups.js'
import { catchUpCommand, clockCommand, followCommand, upkeepCommand } from './commands/lifecycle.js'
import { listCommand, walkListCommand } from './commands/lists.js'
import { markCommand } from './commands/marks.js'
import { lookCommand, pageCommand } from './commands/pages.js'
import { contactCommand, userCommand } from './commands/people.js'
import { burstCommand, retryCommand, retryOtherCommand, sendCommand, twinsCommand } from './commands/send.js'
import type { FastCheck, World } from './world.js'
import { worldOf } from './world.js'

type MakeCommand = (fc: FastCheck, world: World) => Arbitrary<ChatCommand>

/** One row per operation, with how often it comes. */
const table: readonly (readonly [weight: number, make: MakeCommand])[] = [
  [10, sendCommand],
  [3, retryCommand],
  [1, retryOtherCommand],
  [2, twinsCommand],
  [3, burstCommand],
  [3, createGroupCommand],
  [3, addMembersCommand],
  [3, removeMemberCommand],
  [1, renameCommand],
  [1, membersCommand],
  [3, contactCommand],
  [1, userCommand],
  [5, markCommand],
  [2, listCommand],
  [4, walkListCommand],
  [4, pageCommand],
  [2, lookCommand],
  [2, followCommand],
  [3, catchUpCommand],
  [2, clockCommand],
  [2, upkeepCommand],
]

export interface ChatCommandsOptions {
  /** How many users there are; fewer meet more often. Default 5, from 1 to 16: a RangeError beyond. */
  readonly users?: number
  readonly maxCommands?: number
  /** Shown by a failed run; replays it with the same seed. */
  readonly replayPath?: string
}

/** Sequences of operations of a whole chat, for `runChat`. */
export function chatCommands(
  fc: FastCheck,
  options: ChatCommandsOptions = {},
): Arbitrary<Iterable<ChatCommand>> {
  const { users = 5, maxCommands = 40, replayPath } = options
  const world = worldOf(users)
  const one = fc.oneof(...table.map(([weight, make]) => ({ weight, arbitrary: make(fc, world) })))
  return fc.commands([one], { maxCommands, size: 'max', ...(replayPath === undefined ? {} : { replayPath }) })
}

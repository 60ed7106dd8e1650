import type { IAsyncProperty } from 'fast-check'
import { closing } from '../conformance/closing.js'
import type { OpenedStore, OpenStore } from '../conformance/opened-store.js'
import { chatCommands } from './chat-commands.js'
import type { ChatCommandsOptions } from './chat-commands.js'
import type { ChatCommand } from './commands/command.js'
import { ManualClock } from './manual-clock.js'
import { runChat } from './run-chat.js'
import type { StoreUnderTest } from './store-under-test.js'
import type { FastCheck } from './world.js'

/**
 * The property that a store agrees with the reference model after every step of any chat, for `fc.assert`. Each run opens a
 * store of its own, empty, whose backend goes by the clock that `openWith` is given.
 */
export function chatProperty(
  fc: FastCheck,
  openWith: (clock: ManualClock) => OpenStore,
  options: ChatCommandsOptions = {},
): IAsyncProperty<[Iterable<ChatCommand>]> {
  return fc.asyncProperty(chatCommands(fc, options), async (commands) => {
    const clock = new ManualClock()
    const opened = await openWith(clock)()
    await closing(
      async () => {
        await runChat(fc, underTest(opened, clock), commands)
      },
      () => [() => opened.dispose?.()],
    )
  })
}

function underTest({ store, reopen, settle }: OpenedStore, clock: ManualClock): StoreUnderTest {
  return {
    clock,
    open: () => Promise.resolve(store),
    ...(settle === undefined ? {} : { settle }),
    ...(reopen === undefined ? {} : { reopen }),
  }
}

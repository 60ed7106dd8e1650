import { closing } from '../conformance/closing.js'
import type { ChatCommand } from './commands/command.js'
import { expectCall } from './expectation.js'
import { Harness } from './harness.js'
import { ReferenceModel } from './reference-model.js'
import type { CheckedStore, StoreUnderTest } from './store-under-test.js'
import { nastyIds, type FastCheck } from './world.js'

/**
 * Opens the store, runs the commands on it beside the model, lets every client catch up, holds everything against the
 * model once more (and again after reopening, where that is possible), lets `inspect` look at the store, and closes it. Gives the
 * model as it is then: a property awaits that and gives nothing, for fast-check takes any other answer for a failure; or it is a
 * `chatProperty`.
 */
export async function runChat(
  fc: FastCheck,
  under: StoreUnderTest,
  commands: Iterable<ChatCommand>,
  inspect?: (store: CheckedStore) => Promise<void>,
): Promise<ReferenceModel> {
  const real = await Harness.open(under)
  const model = new ReferenceModel(under.clock)
  await closing(
    async () => {
      if (under.usersMode === 'registered') await registerAll(model, real)
      await fc.asyncModelRun(() => ({ model, real }), commands)
      await real.catchUpAll(model)
      const users = new Set(model.talks.flatMap(({ members }) => [...members.keys()]))
      await real.check(model, users)
      await real.reopen()
      await real.catchUpAll(model)
      await real.check(model, users)
      await inspect?.(real.store)
    },
    () => [() => real.close()],
  )
  return model
}

async function registerAll(model: ReferenceModel, { store }: Harness): Promise<void> {
  for (const id of nastyIds) {
    const user = { id, name: 'Ada' }
    await expectCall(`users.register(${JSON.stringify(id)})`, model.users.register(user), () =>
      store.users.register(user),
    )
  }
}

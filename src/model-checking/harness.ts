import { checkUser } from './check-user.js'
import { Disagreement } from './compare.js'
import { FeedClient } from './feed-client.js'
import type { ReferenceModel } from './reference-model.js'
import type { CheckedStore, StoreUnderTest } from './store-under-test.js'

/** A store while commands run on it: the open handle, and the clients that follow the users' feeds. */
export class Harness {
  readonly #under: StoreUnderTest
  readonly #clients = new Map<string, FeedClient>()
  #store: CheckedStore

  private constructor(under: StoreUnderTest, store: CheckedStore) {
    this.#under = under
    this.#store = store
  }

  static async open(under: StoreUnderTest): Promise<Harness> {
    return new Harness(under, await under.open())
  }

  get store(): CheckedStore {
    return this.#store
  }

  get under(): StoreUnderTest {
    return this.#under
  }

  async settle(): Promise<void> {
    await this.#under.settle?.(this.#store)
  }

  async evict(): Promise<void> {
    await this.#under.evict?.(this.#store)
  }

  async reopen(): Promise<void> {
    if (this.#under.reopen === undefined) return
    for (const client of this.#clients.values()) client.storeCloses()
    this.#store = await this.#under.reopen(this.#store)
    for (const client of this.#clients.values()) await client.storeClosed()
  }

  /** Holds everything that the users see against the model, once every view has caught up. */
  async check(model: ReferenceModel, users: Iterable<string>): Promise<void> {
    await this.settle()
    for (const user of new Set(users)) await checkUser(this.#store, model, user)
  }

  /** Lets a client follow the user's feed from now on, by a token or by a subscription. */
  async follow(model: ReferenceModel, user: string, live: boolean): Promise<void> {
    await this.settle()
    await this.#clients.get(user)?.stop()
    this.#clients.set(
      user,
      await FeedClient.start(this.#store, model, user, live, (what, call) => this.#inTime(what, call)),
    )
  }

  /** Brings the user's client up to date and compares what it then knows with the model. */
  async catchUp(model: ReferenceModel, user: string, limit: number | undefined): Promise<void> {
    await this.settle()
    await this.#clients.get(user)?.catchUp(this.#store, model, limit)
  }

  async catchUpAll(model: ReferenceModel): Promise<void> {
    for (const user of this.#clients.keys()) await this.catchUp(model, user, undefined)
  }

  /** Rejects if the call takes too long: what never comes is a finding, not a test that hangs. */
  #inTime<T>(what: string, call: Promise<T>): Promise<T> {
    const { clock, patienceMs = 10_000 } = this.#under
    return new Promise((resolve, reject) => {
      const cancel = clock.after(patienceMs, () => {
        reject(new Disagreement(`${what}: nothing came for ${patienceMs} ms`))
      })
      void call.then(resolve, reject).finally(cancel)
    })
  }

  async close(): Promise<void> {
    for (const client of this.#clients.values()) client.storeCloses()
    await this.#store.close()
    for (const client of this.#clients.values()) await client.storeClosed()
  }
}

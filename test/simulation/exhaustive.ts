import type { MessageStore } from '../../src/api/message-store.js'
import type { StoreSettings } from '../../src/backend/settings.js'
import { isColumbaError } from '../../src/errors.js'
import { resolveLimits } from '../../src/limits.js'
import { type Faults, OperationCount } from '../../src/simulation/faults.js'
import { claim } from './finding.js'
import { KnownWorld } from './known-world.js'
import { Crashed, location, SimulatedWorld } from '../../src/simulation/simulated-world.js'
import { verifyWorld } from './verify-world.js'

export const smallSettings: StoreSettings = {
  location,
  shards: 2,
  virtualNodes: 2,
  syncEveryMs: 0,
  cacheBytes: 8192,
  cacheTierSize: 2,
  limits: resolveLimits(),
}

export const smallTuning = {
  fanOut: 3,
  generationBytes: 500,
  segmentBytes: 1024,
  chunkBytes: 1024,
  checkpointBytes: 1500,
  maxWaitingGenerations: 1,
  spareBytes: 0,
  writeBufferBytes: 700,
  batchBytes: 300,
  tidyFiles: 2,
  tidyAfterMs: 0,
  tidyRestMs: 0,
}

/** Faults that are put in place of each other, on one world. */
class Switched implements Faults {
  #now: Faults = new OperationCount()
  /** Operations since the last one was put in place. */
  count = 0

  put(faults: Faults): void {
    this.#now = faults
    this.count = 0
  }

  next(...operation: Parameters<Faults['next']>): ReturnType<Faults['next']> {
    this.count++
    return this.#now.next(...operation)
  }
}

/** How a process ends: null for a kill; for a power cut, what is kept of what was not synced. */
export type End = number | null

export const ends: readonly End[] = [0, null, 0.5]

/** A small workload on a world, to be broken at any of its operations. */
export class Scenario {
  readonly world: SimulatedWorld
  readonly #faults = new Switched()
  readonly #known = new KnownWorld()
  #ids = 0
  #moment = 1
  /** How many file operations the last opening had. */
  opening = 0

  constructor(seed: number) {
    this.world = new SimulatedWorld({
      seed,
      faults: this.#faults,
      settings: smallSettings,
      tuning: smallTuning,
    })
  }

  /** Runs the workload, or what comes of it, under these faults; afterwards the process has ended, and so. */
  async under(faults: Faults, end: End): Promise<void> {
    this.#faults.put(faults)
    try {
      const store = await this.world.settle(this.world.open())
      this.opening = this.#faults.count
      await this.#work(store)
    } catch (error) {
      if (!(error instanceof Crashed)) this.#judge(error)
    }
    this.#faults.put(new OperationCount())
    this.world.restart(end)
    for (const talk of this.#known.talks.values()) {
      for (const sent of talk.sent.values()) {
        if (sent.open > 0) sent.unknown = true
        sent.open = 0
      }
    }
  }

  /** Without faults the store opens, and everything in it is as it must be, twice. */
  async verify(): Promise<void> {
    for (let round = 0; round < 2; round++) {
      const store = await this.world.settle(this.world.open())
      await this.world.settle(verifyWorld(store, this.#known, ++this.#moment))
      if (round === 0) await this.#sendAll(store)
      await this.world.settle(verifyWorld(store, this.#known, ++this.#moment))
      await this.world.settle(store.close())
      claim(this.world.held === 0, 'I17 files, snapshots or iterators are open behind close')
    }
  }

  async #work(store: MessageStore): Promise<void> {
    await this.#sendAll(store)
    await this.#sendAll(store)
    await this.world.settle(store.admin.checkpoint().catch((error: unknown) => this.#judge(error)))
    // Body files are merged when there is nothing else to do.
    await this.world.quiet()
    await this.#sendAll(store)
    await this.world.settle(store.getConversations('a').catch((error: unknown) => this.#judge(error)))
    await this.world.settle(store.close())
  }

  /** Several at once, to several conversations. */
  async #sendAll(store: MessageStore): Promise<void> {
    const pairs = [
      ['a', 'ab'],
      ['ab', 'a'],
      ['a', '__proto__'],
      ['__proto__', '__proto__'],
      ['ab', '__proto__'],
    ] as const
    await this.world.settle(
      Promise.all(pairs.map(([sender, receiver]) => this.#send(store, sender, receiver))),
    )
  }

  async #send(store: MessageStore, sender: string, receiver: string): Promise<void> {
    const talk = this.#known.direct(sender, receiver)
    const id = `id${this.#ids++}`
    const sent = talk.callSend(sender, id, 'm'.repeat(20 + (this.#ids % 90)), ++this.#moment)
    try {
      const receipt = await store.sendMessage({ sender, receiver, id, text: sent.text })
      talk.acknowledge(sent, receipt, ++this.#moment)
    } catch (error) {
      this.#judge(error)
      sent.open--
      if (isColumbaError(error, 'OUTCOME_UNKNOWN')) sent.unknown = true
    }
  }

  #judge(error: unknown): void {
    claim(isColumbaError(error), 'an error of another kind', String(error))
  }
}

import type { MessageStore } from '../../src/api/message-store.js'
import { SeededChance } from '../../src/backend/reference/seeded-chance.js'
import { isColumbaError } from '../../src/errors.js'
import type { Message } from '../../src/model/message.js'
import { dumpStore } from '../../src/model-checking/dump-store.js'
import { turnOneBit } from './bit-rot.js'
import { Calls } from './calls.js'
import { FeedFollower } from './feed-follower.js'
import { claim, claimEqual } from './finding.js'
import { KnownWorld, users } from './known-world.js'
import { OpenCalls } from './open-calls.js'
import { settled } from '../../src/platform/settled.js'
import { Crashed, SimulatedWorld } from '../../src/simulation/simulated-world.js'
import { drawSwarm, SeededFaults, type Swarm } from './swarm.js'
import { Subscriber } from './subscriber.js'
import { verifyWorld } from './verify-world.js'

export interface SimulationResult {
  readonly seed: number
  /** Equal for equal seeds. */
  readonly hash: string
  readonly turns: number
  readonly crashes: number
  /** Those of them that came in the middle of calls, or of an opening. */
  readonly midway: number
  /** Closings of a sound store in the middle of calls. */
  readonly closings: number
  readonly faults: number
  readonly calls: number
  readonly acknowledged: number
  /** Of files of the closed store, in the end. */
  readonly bitsTurned: number
  /** Changes that subscribers were told live. */
  readonly told: number
}

/** Ways of ending a process that did not end by itself. */
const ends = ['close', 'kill', 'power'] as const
const keeps = [0, 0.1, 0.5, 0.9]

export interface SimulateOptions {
  readonly onNote?: ((note: string) => void) | undefined
  /**
   * Whether some seeds close the store in the middle of calls, some have subscribers or count what is unread, some look at everything
   * before the end of a process, and in some a bit turns in the end. Without, they do what they did before there was that.
   */
  readonly additions?: boolean
}

/**
 * One seed: options, traffic, faults, crashes and the order of everything. Faulty traffic with crashes and closings, then quiet,
 * then all invariants, twice, with a closing and an opening between; perhaps a bit turns in the end. Rejects with what it found.
 */
export async function simulate(
  seed: number,
  { onNote, additions = true }: SimulateOptions = {},
): Promise<SimulationResult> {
  const swarm = drawSwarm(new SeededChance(seed ^ 0x0a11))
  const before = { closeRate: 0, subscribers: [], bitRot: false, countRate: 0, looksBefore: false }
  return new Simulation(seed, additions ? swarm : { ...swarm, ...before }, onNote).run()
}

class Simulation {
  readonly #seed: number
  readonly #swarm: Swarm
  readonly #chance: SeededChance
  readonly #faults: SeededFaults
  readonly #world: SimulatedWorld
  readonly #known = new KnownWorld()
  readonly #followers = users.map((user) => new FeedFollower(user))
  readonly #subscribers: readonly Subscriber[]
  readonly #openCalls: OpenCalls
  readonly #calls: Calls
  /** What decides about closings, and about counts, decides nothing else, so that other seeds do what they did before there were any. */
  readonly #closing: SeededChance
  readonly #counting: SeededChance
  #crashes = 0
  #midway = 0
  #closings = 0
  #bitsTurned = 0

  constructor(seed: number, swarm: Swarm, onNote?: (note: string) => void) {
    this.#seed = seed
    this.#swarm = swarm
    this.#chance = new SeededChance(seed)
    this.#closing = new SeededChance(seed ^ 0xc105e)
    this.#counting = new SeededChance(seed ^ 0xc0047)
    this.#faults = new SeededFaults(new SeededChance(seed ^ 0xfa17), swarm.faultRates)
    const { settings, usersMode, tuning, slow, ticking } = swarm
    this.#world = new SimulatedWorld({
      seed: seed ^ 0xd15c,
      faults: this.#faults,
      settings,
      usersMode,
      tuning,
      slow,
      ticking,
      onNote,
    })
    this.#openCalls = new OpenCalls({ world: this.#world, swarm, faults: this.#faults })
    this.#subscribers = this.#newSubscribers()
    this.#calls = new Calls({
      chance: this.#chance,
      swarm,
      known: this.#known,
      followers: this.#followers,
      open: this.#openCalls,
    })
  }

  async run(): Promise<SimulationResult> {
    const { calls, usersMode } = this.#swarm
    let store = await this.#open(false)
    if (usersMode === 'registered')
      for (const id of users) await this.#world.settle(store.users.register({ id, name: id }))
    for (const follower of this.#followers) await this.#world.settle(follower.pull(store, 1))
    for (const subscriber of this.#subscribers) await this.#world.settle(subscriber.begin(store))
    for (let part = 1; part <= 3; part++) {
      this.#faults.active = true
      store = await this.#traffic(store, Math.ceil((calls * part) / 3))
      this.#faults.active = false
      this.#world.freeBytes = 2 ** 40
      store = await this.#recover(store)
    }
    await this.#end(store)
    return {
      seed: this.#seed,
      hash: this.#world.trace.hash,
      turns: this.#world.trace.notes,
      crashes: this.#crashes,
      midway: this.#midway,
      closings: this.#closings,
      faults: this.#faults.total,
      calls: this.#calls.made,
      acknowledged: this.#calls.acknowledged,
      bitsTurned: this.#bitsTurned,
      told: this.#subscribers.reduce((sum, { told }) => sum + told, 0),
    }
  }

  #newSubscribers(): Subscriber[] {
    const { subscribers, eagerness } = this.#swarm
    const chance = new SeededChance(this.#seed ^ 0x5ab5c)
    return subscribers.map(
      (user) =>
        new Subscriber({
          user,
          chance,
          eagerness,
          trace: this.#world.trace,
          onChange: (change) => {
            if (change.kind === 'message') this.#seen(change.message)
          },
          isClosing: () => this.#openCalls.closing,
          mayFail: () => this.#faults.injected > 0,
        }),
    )
  }

  /** Who is told of a message is told of one that is durable. */
  #seen(message: Message): void {
    const talk = this.#known.byId(message.conversationId)
    claim(talk !== undefined, 'I20 a message of a conversation that nobody began', message)
    talk.observe(message, this.#openCalls.moment)
  }

  /** Calls, faults and crashes, until so many calls have been made. */
  async #traffic(begun: MessageStore, calls: number): Promise<MessageStore> {
    const { callRate, crashRate, closeRate, inFlight, clockJumps, countRate, faultRates } = this.#swarm
    const chance = this.#chance
    const world = this.#world
    let store = begun
    for (;;) {
      await settled()
      this.#openCalls.throwFinding()
      if (world.crashed || chance.happens(crashRate)) store = await this.#crash()
      else if (this.#openCalls.poisoned) store = await this.#endPoisoned(store)
      else if (closeRate > 0 && this.#openCalls.count > 0 && this.#closing.happens(closeRate))
        store = await this.#closeMidway(store)
      for (const subscriber of this.#subscribers) subscriber.turn(store)
      const wants = this.#calls.made < calls
      if (!wants && this.#openCalls.count === 0) return store
      if (clockJumps && chance.happens(0.01)) world.incarnation.clock.jump(chance.below(20_000) - 10_000)
      if (chance.happens(faultRates.space / 10)) world.freeBytes = chance.happens(0.5) ? 10 : 2 ** 40
      if (wants && countRate > 0 && this.#counting.happens(countRate))
        this.#calls.count(store, users[this.#counting.below(users.length)] as string)
      else if (wants && this.#openCalls.count < inFlight && chance.happens(callRate)) this.#calls.make(store)
      else if (!world.incarnation.schedule.step() && this.#openCalls.count > 0) {
        claim(world.crashed, 'I17 calls that never end', this.#openCalls.names)
      }
    }
  }

  async #crash(): Promise<MessageStore> {
    const power = this.#chance.happens(this.#swarm.powerShare)
    this.#crashes++
    this.#midway++
    this.#restart(power)
    return this.#open(true)
  }

  #restart(power: boolean): void {
    const { settings } = this.#swarm
    this.#world.restart(power ? (keeps[this.#chance.below(keeps.length)] as number) : null)
    this.#calls.crashed()
    if (power && settings.syncEveryMs > 0) this.#calls.mayHaveLost()
  }

  /** A store that takes nothing more: closed and opened again in this process, or in the next one. */
  async #endPoisoned(store: MessageStore): Promise<MessageStore> {
    const way = ends[this.#chance.below(ends.length)]
    if (way !== 'close') {
      this.#crashes++
      this.#restart(way === 'power')
      return this.#open(true)
    }
    return this.#closeAndOpen(store)
  }

  /**
   * A sound store is closed in the middle of everything: what is under way comes to its end, what is called from then on is
   * refused, and nothing of it is left behind. Perhaps the process ends before the close does.
   */
  async #closeMidway(store: MessageStore): Promise<MessageStore> {
    const chance = this.#closing
    this.#closings++
    this.#world.trace.note('close')
    return this.#closeAndOpen(store, {
      late: chance.below(4),
      killAt: chance.happens(0.2) ? chance.below(100) : Infinity,
    })
  }

  async #closeAndOpen(store: MessageStore, { late = 0, killAt = Infinity } = {}): Promise<MessageStore> {
    try {
      await this.#closeAll(store, { late, killAt })
    } catch (error) {
      if (error instanceof Crashed) return this.#crash()
      claim(this.#faults.injected > 0, 'a close fails', String(error))
      claim(isColumbaError(error), 'a close rejects with an error of another kind', describe(error))
    }
    claim(this.#world.held === 0, 'I17 files, snapshots or iterators are open behind close')
    this.#openCalls.reopened()
    return this.#open(true)
  }

  /** Closing waits for the calls that are open, so the world has to go on for them too. `late` calls come behind it. */
  async #closeAll(store: MessageStore, { late = 0, killAt = Infinity } = {}): Promise<void> {
    const closing = store.close()
    this.#openCalls.closing = true
    for (let n = 0; n < late; n++) this.#calls.make(store)
    await this.#world.settle(closing, killAt)
    for (let turns = 0; this.#openCalls.count > 0; turns++) {
      await settled()
      this.#openCalls.throwFinding()
      if (this.#openCalls.count === 0) break
      claim(
        this.#world.incarnation.schedule.step() && turns < 10_000,
        'I17 calls outlive close',
        this.#openCalls.names,
      )
    }
    for (const { asking } of this.#subscribers) claim(!asking, 'I17 a subscription outlives close')
  }

  /** Opens until it works: faults may stand in the way at first, and a crash may come in between. */
  async #open(again: boolean): Promise<MessageStore> {
    const active = this.#faults.active
    if (again && this.#swarm.settings.syncEveryMs > 0)
      for (const device of [...this.#followers, ...this.#subscribers]) device.mayResync = true
    for (let tries = 0; ; tries++) {
      if (tries === 5) this.#faults.active = false
      this.#faults.injected = 0
      const crashAt =
        again && active && tries < 5 && this.#chance.happens(0.2) ? this.#chance.below(150) : Infinity
      try {
        const store = await this.#world.settle(this.#world.open(), crashAt)
        this.#faults.active = active
        for (const subscriber of this.#subscribers) subscriber.reopened(store)
        return store
      } catch (error) {
        if (error instanceof Crashed) {
          this.#crashes++
          this.#midway++
          this.#restart(this.#chance.happens(this.#swarm.powerShare))
          continue
        }
        claim(this.#faults.injected > 0, 'opening fails', describe(error))
        claim(isColumbaError(error), 'an opening rejects with an error of another kind', describe(error))
        await this.#world.quiet()
        claim(this.#world.held === 0, 'I17 files, snapshots or iterators of a failed opening', String(error))
      }
    }
  }

  /** Quiet: whatever state it is in, the store is brought to a good end and opened again, and everything is looked at. */
  async #recover(begun: MessageStore): Promise<MessageStore> {
    const isSound = !this.#openCalls.poisoned && this.#faults.injected === 0
    if (isSound && this.#swarm.looksBefore) await this.#verify(begun)
    else if (isSound) await this.#verifySubscribers(begun)
    const way = isSound ? ends[this.#chance.below(ends.length)] : 'kill'
    let store = begun
    if (way === 'close') {
      await this.#closeAll(store)
      this.#openCalls.reopened()
    } else {
      this.#crashes++
      this.#restart(way === 'power')
    }
    store = await this.#open(true)
    await this.#verify(store)
    return store
  }

  async #verify(store: MessageStore): Promise<void> {
    const world = this.#world
    await world.settle(verifyWorld(store, this.#known, this.#openCalls.moment))
    for (const follower of this.#followers) await world.settle(follower.verify(store))
    await this.#verifySubscribers(store)
    this.#openCalls.settled()
  }

  async #verifySubscribers(store: MessageStore): Promise<void> {
    if (this.#subscribers.length === 0) return
    for (const subscriber of this.#subscribers) subscriber.catchUp()
    await this.#world.idle()
    for (const subscriber of this.#subscribers) await this.#world.settle(subscriber.verify(store))
  }

  /** The second look: nothing changes over a close, and nothing is left behind. */
  async #end(begun: MessageStore): Promise<void> {
    const world = this.#world
    const before = await world.settle(dumpStore(begun, users))
    await this.#closeAll(begun)
    await world.quiet()
    const { schedule } = world.incarnation
    claim(schedule.waiting === 0 && schedule.timers === 0, 'I17 something goes on behind close')
    claim(world.held === 0, 'I17 files, snapshots or iterators are open behind close', world.held)
    this.#openCalls.reopened()
    const store = await this.#open(false)
    claimEqual(await world.settle(dumpStore(store, users)), before, 'I11 another store after closing')
    await this.#verify(store)
    if (this.#swarm.bitRot) await this.#rot(store, before)
    else await this.#closeAll(store)
  }

  /** A process that ends without closing leaves a log with something in it. */
  async #rot(store: MessageStore, before: unknown): Promise<void> {
    const chance = new SeededChance(this.#seed ^ 0xb17)
    if (chance.happens(0.5)) this.#world.restart(null)
    else await this.#closeAll(store)
    await turnOneBit(this.#world, chance, before)
    this.#bitsTurned++
  }
}

/** An error with its causes. */
function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return `${error.stack ?? error.message}${error.cause === undefined ? '' : `\nbecause of ${describe(error.cause)}`}`
}

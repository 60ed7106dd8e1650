import type { StoreSettings } from '../../src/backend/settings.js'
import type { SeededChance } from '../../src/backend/reference/seeded-chance.js'
import type { UsersMode } from '../../src/domain/context.js'
import { resolveLimits } from '../../src/limits.js'
import type { LocalTuning } from '../../src/local/tuning.js'
import type { Fault, FileOperation, Faults } from '../../src/simulation/faults.js'
import { errnoOf } from '../../src/simulation/faults.js'
import { users } from './known-world.js'
import { location } from '../../src/simulation/simulated-world.js'

/** What one seed runs with. */
export interface Swarm {
  readonly settings: StoreSettings
  readonly usersMode: UsersMode
  readonly tuning: Partial<LocalTuning>
  readonly calls: number
  readonly inFlight: number
  /** Probability that a call is made before the next thing happens. */
  readonly callRate: number
  readonly crashRate: number
  /** Probability that a store with calls under way is closed before the next thing happens. */
  readonly closeRate: number
  readonly powerShare: number
  readonly groups: number
  readonly faultRates: FaultRates
  /** Users with a device that is told live. */
  readonly subscribers: readonly string[]
  /** Probability that such a device asks for the next change before the next thing happens. */
  readonly eagerness: number
  /** Probability that a user's unread messages are counted before the next thing happens. */
  readonly countRate: number
  /** Whether everything is also looked at before the store is closed or ends, from its memory. */
  readonly looksBefore: boolean
  /** Whether a bit of its files turns in the end. */
  readonly bitRot: boolean
  readonly clockJumps: boolean
  readonly ticking: boolean
  readonly slow: { readonly label: RegExp; readonly probability: number } | undefined
}

export interface FaultRates {
  readonly write: number
  readonly shortWrite: number
  readonly sync: number
  readonly read: number
  readonly names: number
  readonly space: number
}

const slowLabels = [/^write/, /^sync/, /^level read/, /^yield/, /^rename/]

/** Draws options, workload and faults; each kind of fault is there in some seeds only. */
export function drawSwarm(chance: SeededChance): Swarm {
  const oneOf = <T>(values: readonly T[]): T => values[chance.below(values.length)] as T
  const sometimes = (probability: number, rate: number): number => (chance.happens(probability) ? rate : 0)
  const settings: StoreSettings = {
    location,
    shards: 1 + chance.below(3),
    virtualNodes: oneOf([1, 4, 16]),
    syncEveryMs: oneOf([0, 0, 0, 0, 0, 0, 20, Infinity]),
    cacheBytes: oneOf([0, 4096, 16 * 1024, 8 * 1024 * 1024]),
    cacheTierSize: 1 + chance.below(3),
    limits: resolveLimits({
      queueCalls: oneOf([2, 8, 65_536]),
      logBytes: oneOf([64 * 1024, 1024 * 1024]),
      // A log of that size has to hold the largest message.
      textBytes: 16 * 1024,
    }),
  }
  const tuning = {
    fanOut: oneOf([1, 3, 256]),
    generationBytes: oneOf([200, 600, 2048, 8192]),
    segmentBytes: oneOf([1024, 2048, 8192]),
    chunkBytes: oneOf([256, 1024, 16 * 1024]),
    checkpointBytes: oneOf([300, 1000, 4096, 100_000]),
    maxWaitingGenerations: oneOf([0, 1, 2]),
    spareBytes: 1024,
    writeBufferBytes: oneOf([256, 1024, 16 * 1024]),
    batchBytes: oneOf([128, 512, 4096]),
  }
  const faulty = chance.happens(0.7)
  const drawn = {
    settings,
    calls: oneOf([20, 60, 120]),
    inFlight: oneOf([1, 4, 16]),
    callRate: oneOf([0.1, 0.3, 0.7]),
    crashRate: oneOf([0, 0.001, 0.004]),
    powerShare: oneOf([0.3, 0.8, 1]),
    // What a power cut takes of a group's membership is not followed.
    groups: settings.syncEveryMs > 0 ? 0 : chance.below(3),
    faultRates: {
      write: sometimes(faulty ? 0.4 : 0, 0.004),
      shortWrite: sometimes(faulty ? 0.4 : 0, 0.1),
      sync: sometimes(faulty ? 0.3 : 0, 0.006),
      read: sometimes(faulty ? 0.3 : 0, 0.006),
      names: sometimes(faulty ? 0.3 : 0, 0.004),
      space: sometimes(faulty ? 0.2 : 0, 0.1),
    },
    clockJumps: chance.happens(0.3),
    ticking: chance.happens(0.7),
    slow: chance.happens(0.6) ? { label: oneOf(slowLabels), probability: 0.9 } : undefined,
  }
  const tidy = { tidyFiles: oneOf([2, 3, 8, Infinity]), tidyAfterMs: 0, tidyRestMs: oneOf([0, 5]) }
  const closeRate = oneOf([0, 0, 0, 0.003])
  const subscribers = chance.happens(0.5) ? users.filter(() => chance.happens(0.5)) : []
  const eagerness = oneOf([1, 1, 0.02])
  const bitRot = chance.happens(0.25)
  const countRate = oneOf([0, 0.01, 0.05])
  const looksBefore = chance.happens(0.5)
  // Follows from something else that was drawn, so that seeds from before mean what they meant.
  const reads = {
    readsNow: settings.cacheTierSize === 3,
    exactIds: settings.virtualNodes === 1 ? 48 : 2,
    generationObjects: settings.shards === 3 ? 3 : 64 * 1024,
    copiedFrom: settings.cacheTierSize === 1 ? 3 : 1,
    copyRestMs: settings.virtualNodes === 16 ? 20 : 0,
    keptAside: settings.virtualNodes === 4 ? 256 : 2,
    keptMembers: settings.virtualNodes === 16 ? 1024 : 3,
  }
  // Where a power cut takes nothing that was acknowledged: users are registered once, before everything else.
  const onlyRegistered =
    settings.cacheTierSize === 2 && settings.virtualNodes !== 1 && settings.syncEveryMs === 0
  return {
    ...drawn,
    closeRate,
    subscribers,
    eagerness,
    bitRot,
    countRate,
    looksBefore,
    usersMode: onlyRegistered ? 'registered' : 'open',
    tuning: { ...tuning, ...tidy, ...reads },
  }
}

/** Faults by chance, until they are switched off. */
export class SeededFaults implements Faults {
  readonly #chance: SeededChance
  readonly #rates: FaultRates
  active = false
  /** Faults of the present process. */
  injected = 0
  total = 0

  constructor(chance: SeededChance, rates: FaultRates) {
    this.#chance = chance
    this.#rates = rates
  }

  next(operation: FileOperation): Fault | null {
    if (!this.active) return null
    const rates = this.#rates
    const chance = this.#chance
    if (operation === 'write' && rates.shortWrite > 0 && chance.happens(rates.shortWrite))
      return { kind: 'short', bytes: 1 + chance.below(40) }
    const rate =
      operation === 'write'
        ? rates.write
        : operation === 'sync' || operation === 'syncDirectory'
          ? rates.sync
          : operation === 'read'
            ? rates.read
            : rates.names
    if (rate === 0 || !chance.happens(rate)) return null
    this.injected++
    this.total++
    const code = operation === 'write' && chance.happens(0.5) ? 'EIO' : errnoOf[operation]
    return { kind: 'error', code, written: chance.below(60) }
  }
}

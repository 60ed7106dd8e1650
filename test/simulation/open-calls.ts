import { isColumbaError } from '../../src/errors.js'
import type { SimulatedWorld } from '../../src/simulation/simulated-world.js'
import { claim, Finding } from './finding.js'
import type { SeededFaults, Swarm } from './swarm.js'

/** What a call is told of its end. */
export interface Ends<T> {
  readonly ok: (value: T) => void
  /** A definite rejection: nothing has happened. True if this code may come. */
  readonly refused: (code: string) => boolean
  /** Nobody knows whether it has happened. */
  readonly unknown: () => void
  /** It is several calls of the store, one after the other: closing waits for the first. */
  readonly several?: true
}

interface OpenCall {
  readonly name: string
  readonly unknown: () => void
  /** It was made when the store was being closed. */
  readonly late: boolean
}

/** Calls that have not been answered, and what their answers say of the store. */
export class OpenCalls {
  readonly #world: SimulatedWorld
  readonly #swarm: Swarm
  readonly #faults: SeededFaults
  readonly #open = new Set<OpenCall>()
  #finding: Error | null = null
  /** Counts calls and answers: the order in which the clients see things happen. */
  moment = 1
  /** The store has said that it takes no more writes, or that it does not know. */
  poisoned = false
  poisonedAt = Infinity
  /** The store is being closed, or closed: what was accepted comes to its end, and nothing else is accepted. */
  closing = false

  constructor(parts: {
    readonly world: SimulatedWorld
    readonly swarm: Swarm
    readonly faults: SeededFaults
  }) {
    this.#world = parts.world
    this.#swarm = parts.swarm
    this.#faults = parts.faults
  }

  get count(): number {
    return this.#open.size
  }

  get names(): string[] {
    return [...this.#open].map(({ name }) => name)
  }

  throwFinding(): void {
    if (this.#finding !== null) throw this.#finding
  }

  /** The process is gone: nobody knows how the open calls ended. */
  crashed(): void {
    for (const call of [...this.#open]) call.unknown()
    this.#open.clear()
    this.reopened()
  }

  reopened(): void {
    this.poisoned = this.closing = false
    this.poisonedAt = Infinity
  }

  /** Everything has been looked at. */
  settled(): void {
    this.moment++
  }

  begin<T>(name: string, call: Promise<T>, ends: Ends<T>): void {
    const { trace } = this.#world
    trace.note(name)
    const open: OpenCall = { name, unknown: ends.unknown, late: this.closing }
    this.#open.add(open)
    const settle = (end: () => void): void => {
      // After a crash nobody is there who could hear the answer.
      if (!this.#open.delete(open)) return
      this.moment++
      try {
        end()
      } catch (error) {
        this.#finding ??= error as Error
      }
    }
    call.then(
      (value) => {
        settle(() => {
          trace.note(`${name}: ok`)
          claim(!open.late, 'a call behind close succeeds', name)
          ends.ok(value)
        })
      },
      (error: unknown) => {
        settle(() => {
          this.#reject(open, error, ends)
        })
      },
    )
  }

  #reject({ name, late }: OpenCall, error: unknown, ends: Ends<never>): void {
    if (error instanceof Finding) throw error
    const code: string = (error as { code?: string }).code ?? 'no code'
    this.#world.trace.note(`${name}: ${code}`)
    const wasPoisoned = this.poisoned
    if (code === 'OUTCOME_UNKNOWN' || code === 'POISONED') {
      this.poisoned = true
      if (code === 'POISONED') this.poisonedAt = Math.min(this.poisonedAt, this.moment)
    }
    if (code === 'OUTCOME_UNKNOWN') ends.unknown()
    else if (ends.refused(code)) return
    if (code === 'CLOSED' && (late || (this.closing && ends.several === true))) return
    // A stack is made only where it is shown.
    if (!this.#mayFail(code, wasPoisoned, error))
      claim(false, `${name} rejects with ${code}`, String(error), (error as Error).stack)
  }

  /** Whether the world is such that any call may end like this. */
  #mayFail(code: string, wasPoisoned: boolean, error: unknown): boolean {
    const faults = this.#faults
    const swarm = this.#swarm
    // The queue is full, or there were too many open files, which is a fault.
    if (code === 'OVERLOADED' && swarm.settings.limits.queueCalls < 100) return true
    if (code === 'NO_SPACE') return swarm.faultRates.space > 0
    if (code === 'CLOSED') return wasPoisoned
    return faults.injected > 0 && (isColumbaError(error) || 'code' in (error as Error))
  }
}

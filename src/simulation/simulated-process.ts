import type { ProcessIdentity } from '../platform/process-identity.js'

/** Processes of one simulated machine: only the last one that was started runs. */
export class SimulatedMachine {
  #boots = 1
  #pid = 100

  /** The machine was switched off and on again. */
  boot(): void {
    this.#boots++
    this.#pid = 100
  }

  start(): ProcessIdentity {
    const pid = ++this.#pid
    return {
      pid,
      startTime: String(pid),
      bootId: `boot ${this.#boots}`,
      pidNamespace: 'pid:[1]',
      hostname: 'simulated',
      isAlive: (other) => other === this.#pid,
      registry: new Map(),
    }
  }
}

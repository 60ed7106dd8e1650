import { getPriority, setPriority } from 'node:os'

const lowest = 19

/**
 * Lets others on this machine's processors go first: gives the thread that calls it a higher nice value, by `steps` of at
 * most 19, for good. Linux only, where a nice value is that of a thread; elsewhere it would be that of the whole process, and
 * nothing happens. Nothing is promised: a system that refuses is left as it is.
 */
export function yieldProcessors(steps: number): void {
  if (process.platform !== 'linux') return
  try {
    // Zero is the thread that asks.
    setPriority(0, Math.min(lowest, getPriority(0) + steps))
  } catch {
    // It works as well without, with a longer tail.
  }
}

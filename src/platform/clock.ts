/** Wall clock and timers. The wall clock may jump; the store's own time never goes back all the same. */
export interface Clock {
  /** Epoch milliseconds, below 2^48. Once the store is open, what is no such time is not believed, and a fraction is cut off. */
  now(): number
  /**
   * Runs `task` once after about `ms`. Only with `keepsAlive`, for what a caller is waiting for, does the timer keep a process
   * alive that has nothing else to do. Returns a function that cancels it.
   */
  after(ms: number, task: () => void, keepsAlive?: boolean): () => void
  /** Lets everything else that is waiting run first. */
  yield(): Promise<void>
}

export const systemClock: Clock = {
  now: () => Date.now(),
  after(ms, task, keepsAlive = false) {
    const timer = setTimeout(task, ms)
    if (!keepsAlive) timer.unref()
    return () => {
      clearTimeout(timer)
    }
  },
  yield: () => new Promise((resolve) => setImmediate(resolve)),
}

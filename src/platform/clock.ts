/** Wall clock and timers. The wall clock may jump; the store's own time never goes back all the same. */
export interface Clock {
  /** Epoch milliseconds. */
  now(): number
  /** Runs `task` once after about `ms`; the timer never keeps a process alive. Returns a function that cancels it. */
  after(ms: number, task: () => void): () => void
  /** Lets everything else that is waiting run first. */
  yield(): Promise<void>
}

export const systemClock: Clock = {
  now: () => Date.now(),
  after(ms, task) {
    const timer = setTimeout(task, ms)
    timer.unref()
    return () => {
      clearTimeout(timer)
    }
  },
  yield: () => new Promise((resolve) => setImmediate(resolve)),
}

/** A task answers with a promise only if the next one has to wait for it. It neither throws nor rejects. */
export type SerialTask = () => Promise<void> | undefined

/** Stands in the place of a task that was taken, so that the queue does not keep what the task has. */
const taken: SerialTask = () => undefined

/**
 * Runs tasks one after the other, in the order in which they came, each as soon as the one before is done. A task that needs
 * not wait runs in the same tick. The owner of the queue bounds what is put into it.
 */
export class SerialQueue {
  readonly #whenEmpty: () => void
  #tasks: SerialTask[] = []
  #next = 0
  #running = false

  /** `whenEmpty` is called each time the last task is done. */
  constructor(whenEmpty: () => void) {
    this.#whenEmpty = whenEmpty
  }

  push(task: SerialTask): void {
    this.#tasks.push(task)
    if (!this.#running) {
      this.#running = true
      this.#run()
    }
  }

  readonly #run = (): void => {
    for (;;) {
      const task = this.#tasks[this.#next]
      if (task === undefined) break
      this.#tasks[this.#next] = taken
      this.#next += 1
      if (this.#next === 1024) this.#forgetDone()
      const waits = task()
      if (waits !== undefined) {
        void waits.then(this.#run)
        return
      }
    }
    this.#forgetDone()
    this.#running = false
    this.#whenEmpty()
  }

  #forgetDone(): void {
    this.#tasks = this.#tasks.slice(this.#next)
    this.#next = 0
  }
}

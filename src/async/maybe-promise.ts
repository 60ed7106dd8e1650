/**
 * Goes on with a value that may already be there: at once if it is, after the promise if it is not. What lies in memory is
 * thereby answered in the same tick.
 */
export function andThen<T, U>(value: T | Promise<T>, next: (value: T) => U | Promise<U>): U | Promise<U> {
  return value instanceof Promise ? value.then(next) : next(value)
}

/** Runs something that may have to be waited for, and `end` when it has ended, with an error or without. */
export function endWith<T>(run: () => T | Promise<T>, end: () => void): T | Promise<T> {
  let value: T | Promise<T>
  try {
    value = run()
  } catch (error) {
    end()
    throw error
  }
  if (value instanceof Promise) return value.finally(end)
  end()
  return value
}

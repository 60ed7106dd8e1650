/**
 * Goes on with a value that may already be there: at once if it is, behind the promise if it is not. What lies in
 * memory is thereby answered in the same tick.
 */
export function andThen<T, U>(value: T | Promise<T>, next: (value: T) => U | Promise<U>): U | Promise<U> {
  return value instanceof Promise ? value.then(next) : next(value)
}

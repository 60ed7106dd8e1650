/** A value that may be there already: what is in memory is answered at once, so that warm paths make no promises. */
export type Maybe<T> = T | Promise<T>

/** `next` of the value: at once if it is there, otherwise when it comes. */
export function chain<T, R>(value: Maybe<T>, next: (value: T) => Maybe<R>): Maybe<R> {
  return value instanceof Promise ? value.then(next) : next(value)
}

/** A promise in any case; what `task` throws becomes a rejection. */
export function promised<T>(task: () => Maybe<T>): Promise<T> {
  try {
    return Promise.resolve(task())
  } catch (error) {
    return Promise.reject(error as Error)
  }
}

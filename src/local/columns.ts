/** Numbers kept as columns, in which what belongs together is a chain of indices. */

/** Ends a chain: no index. */
export const none = -1

/** A larger column that begins as the old one. */
export function grown<T extends { set(from: T): void }>(old: T, larger: T): T {
  larger.set(old)
  return larger
}

/** Resolves when every promise has settled that waits for nothing from outside. */
export function settled(): Promise<void> {
  // Ticks of Node come when no microtask is left, and are several times cheaper than a turn of the event loop.
  return new Promise((resolve) => process.nextTick(resolve))
}

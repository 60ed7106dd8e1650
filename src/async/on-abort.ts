/** Who waits for a signal, and the one listener that it has for all of them. */
interface Waiting {
  readonly listeners: Set<() => void>
  readonly tell: () => void
}

const waiting = new WeakMap<AbortSignal, Waiting>()

/**
 * Calls `listener` when the signal aborts; returns the function that takes it off again. However many wait for one signal, as all
 * subscriptions of a server do for its end, the signal has one listener: Node warns of a leak where there are more than ten.
 */
export function onAbort(signal: AbortSignal, listener: () => void): () => void {
  const { listeners, tell } = waiting.get(signal) ?? begin(signal)
  // One function may wait twice.
  const own = (): void => listener()
  listeners.add(own)
  return () => {
    listeners.delete(own)
    if (listeners.size > 0 || waiting.get(signal)?.listeners !== listeners) return
    waiting.delete(signal)
    signal.removeEventListener('abort', tell)
  }
}

function begin(signal: AbortSignal): Waiting {
  const listeners = new Set<() => void>()
  const tell = (): void => {
    waiting.delete(signal)
    for (const listener of [...listeners]) listener()
  }
  signal.addEventListener('abort', tell, { once: true })
  const begun = { listeners, tell }
  waiting.set(signal, begun)
  return begun
}

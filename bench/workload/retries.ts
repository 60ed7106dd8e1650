import { below, seededRandom } from './random.js'
import type { DirectSend, SendSource } from './send.js'

/** Half of what was sent lately is repeated from here … */
const RECENT = 4096

/**
 * Half of all sends are repeats: in turn of something recent and of something old. Old ones come from a second, equal
 * source that runs behind the first, so that nothing needs to be kept.
 */
export function withRetries(fresh: SendSource, lagging: SendSource, seed: number): SendSource {
  const random = seededRandom(seed)
  const recent: DirectSend[] = []
  let calls = 0
  let sent = 0
  return () => {
    const turn = calls++ % 4
    if (turn === 1 && recent.length > 0) return recent[below(random, recent.length)]!
    // Every fourth call takes one of the lagging source's, which therefore stays at half of what was sent.
    if (turn === 3 && sent > RECENT) return lagging()
    const send = fresh()
    recent[sent++ % RECENT] = send
    return send
  }
}

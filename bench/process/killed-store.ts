import { closedLoop } from '../measure/closed-loop.js'
import type { LiveContestant } from '../peers/contestant.js'
import { open } from '../peers/columba.js'
import { burstSource, CHAT } from '../workload/bursts.js'

/**
 * Fills a store, goes on sending, and kills its own process once the log is nearly as long as it has ever been: the
 * moment that makes the next opening longest.
 */
const IN_FLIGHT = 256
const SEED = 19
const WATCH_MS = 20
const NEARLY = 0.95
/** In case the log never comes near its peak again. */
const PATIENCE_MS = 60_000

const [directory, messages] = [process.argv[2]!, Number(process.argv[3])]
const store = (await open({ directory })) as LiveContestant
const next = burstSource({ ...CHAT, seed: SEED })
let peak = 0
let filledAt = Number.POSITIVE_INFINITY

async function watch(): Promise<void> {
  const { log } = (await store.statistics()) as { log: { bytes: number } }
  peak = Math.max(peak, log.bytes)
  const now = performance.now()
  if (now < filledAt || (log.bytes < peak * NEARLY && now < filledAt + PATIENCE_MS)) return
  process.send!({ logBytes: log.bytes }, () => process.kill(process.pid, 'SIGKILL'))
}

setInterval(() => void watch(), WATCH_MS)
await closedLoop({ inFlight: IN_FLIGHT, operations: messages }, () => store.send(next()))
filledAt = performance.now()
await closedLoop({ inFlight: IN_FLIGHT, operations: Number.POSITIVE_INFINITY }, () => store.send(next()))

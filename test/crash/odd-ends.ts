import { refusedExit } from './crash-world.js'
import type { Ending } from './crash-world.js'
import type { JournalLine } from './journal.js'
import type { Ended, WayToDie } from './way-to-die.js'

interface OwnEnd {
  readonly code: number
  /** What the process says of it. */
  readonly says: RegExp
}

const nothing = /^$/

/** How a process ends that nobody kills. */
const ownEnds: Readonly<Record<Ending, OwnEnd | null>> = {
  close: { code: 0, says: nothing },
  terminate: { code: 0, says: nothing },
  exit: { code: 7, says: nothing },
  throw: { code: 1, says: /Error: nobody catches this/ },
  reject: { code: 1, says: /Error: nobody handles this/ },
  wait: null,
}

/**
 * What is wrong with the end of a process; null if it is the one that was meant for it. Without this a process that cannot
 * work at all would be a crash like any other, and one that loses nothing.
 */
export function whyOdd(
  { ending, strike, signal: sent = 'SIGKILL', fault }: WayToDie,
  { code, signal, output, told }: Ended,
  lines: readonly JournalLine[],
): string | null {
  const failed = lines.find((line) => line.line === 'failed')
  if (failed !== undefined) return `a call failed by what nothing may throw (${failed.error})`
  if (signal !== null) {
    const isSent = strike !== null && signal === sent
    if (!isSent && !(fault?.kills === true && signal === 'SIGKILL')) return 'a process was killed by nobody'
    return output === '' ? null : 'a process complained before it was killed'
  }
  if (code === refusedExit && fault !== undefined)
    return told && output === '' ? null : 'a process was refused its store for no fault'
  const end = ownEnds[ending]
  if (end === null || code !== end.code || !end.says.test(output)) return 'a process ended by itself'
  if (code === 0 && !lines.some(({ line }) => line === 'closed')) return 'a process ended before its work'
  return null
}

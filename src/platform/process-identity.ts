import { readFileSync, readlinkSync } from 'node:fs'
import { hostname } from 'node:os'

/** Who this process is, so that it can be told from another that got the same number later or elsewhere. */
export interface ProcessIdentity {
  readonly pid: number
  /** Changes when the number is given to another process; null where it cannot be known (not Linux). */
  readonly startTime: string | null
  /** Changes at each start of the machine; null where it cannot be known. */
  readonly bootId: string | null
  /** Process numbers mean something within one of these only (containers); null where there are none. */
  readonly pidNamespace: string | null
  readonly hostname: string
  /** Whether that process is running, as far as this one can see. Where it cannot be told: true. */
  isAlive(pid: number, startTime: string | null): boolean
  /** What is open in this isolate, by purpose and real path; shared by all copies of this package. */
  readonly registry: Map<string, unknown>
}

const registryKey = Symbol.for('columba.stores')

function sharedRegistry(): Map<string, unknown> {
  const place = globalThis as { [registryKey]?: Map<string, unknown> }
  return (place[registryKey] ??= new Map())
}

export const systemProcess: ProcessIdentity = {
  pid: process.pid,
  startTime: statOf(process.pid)?.startTime ?? null,
  bootId: orNull(() => readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim()),
  pidNamespace: orNull(() => readlinkSync('/proc/self/ns/pid')),
  hostname: hostname(),
  isAlive(pid, startTime) {
    try {
      process.kill(pid, 0)
    } catch (error) {
      // EPERM: it is there, and belongs to somebody else.
      if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false
    }
    const stat = statOf(pid)
    if (stat === null) return true
    // A zombie has closed all its files already; it only waits for its parent to look.
    return stat.state !== 'Z' && stat.state !== 'X' && (startTime === null || stat.startTime === startTime)
  },
  registry: sharedRegistry(),
}

/** State and start time (in ticks since boot) from /proc/PID/stat; the name before them may hold anything. */
function statOf(pid: number): { readonly state: string; readonly startTime: string } | null {
  const text = orNull(() => readFileSync(`/proc/${pid}/stat`, 'latin1'))
  const fields = text?.slice(text.lastIndexOf(')') + 2).split(' ')
  const state = fields?.[0]
  const startTime = fields?.[19]
  return state === undefined || startTime === undefined ? null : { state, startTime }
}

function orNull<T>(read: () => T): T | null {
  try {
    return read()
  } catch {
    return null
  }
}

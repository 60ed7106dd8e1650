import { readFileSync } from 'node:fs'
import { monitorEventLoopDelay } from 'node:perf_hooks'

const MIB = 1024 * 1024
const SAMPLE_INTERVAL_MS = 50

function procField(file: string, field: string): number {
  try {
    const match = new RegExp(`^${field}:\\s*(\\d+)`, 'm').exec(readFileSync(`/proc/self/${file}`, 'utf8'))
    return match === null ? Number.NaN : Number(match[1])
  } catch {
    return Number.NaN // not Linux
  }
}

/** Anonymous memory of this process: what the operating system cannot drop. Mapped files are not in it. */
function rssAnonMib(): number {
  return procField('status', 'RssAnon') / 1024
}

/**
 * What one stretch of work costs this process: processor, memory, bytes written to files, event loop.
 * Bytes are those of write calls: what the kernel says it wrote to the disk counts whole page cache folios.
 */
export class ResourceMeter {
  readonly #cpu = process.cpuUsage()
  readonly #writtenBytes = procField('io', 'wchar')
  readonly #delay = monitorEventLoopDelay({ resolution: 5 })
  readonly #baseMib = rssAnonMib()
  readonly #timer: NodeJS.Timeout
  #peakMib = this.#baseMib

  constructor() {
    this.#delay.enable()
    this.#timer = setInterval(() => {
      this.#peakMib = Math.max(this.#peakMib, rssAnonMib())
    }, SAMPLE_INTERVAL_MS)
    this.#timer.unref()
  }

  stop(operations: number): Record<string, number> {
    clearInterval(this.#timer)
    this.#delay.disable()
    const cpu = process.cpuUsage(this.#cpu)
    return {
      cpuMicrosPerOperation: (cpu.user + cpu.system) / operations,
      writtenBytesPerOperation: (procField('io', 'wchar') - this.#writtenBytes) / operations,
      peakRssAnonMib: Math.max(this.#peakMib, rssAnonMib()),
      baseRssAnonMib: this.#baseMib,
      eventLoopDelayMaxMs: this.#delay.max / 1e6,
      heapUsedMib: process.memoryUsage().heapUsed / MIB,
    }
  }
}

import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Benchmark, Measured, Point, Run, Size } from './benchmark.js'
import { atMost, timesPoint } from './thresholds.js'

const MESSAGES: Record<Size, readonly [small: number, large: number]> = {
  short: [20_000, 200_000],
  full: [100_000, 10_000_000],
}
const MIB = 1024 * 1024
const LOG_UNIT_MIB = 64
const VICTIM = fileURLToPath(new URL('../process/killed-store.js', import.meta.url))

/** A store of its own process that kills itself, in the middle of sends, when its log is longest. */
async function killWithLongLog(directory: string, messages: number): Promise<number> {
  const victim = fork(VICTIM, [directory, String(messages)])
  let logBytes = Number.NaN
  victim.on('message', (message) => (logBytes = (message as { logBytes: number }).logBytes))
  const [, signal] = (await once(victim, 'exit')) as [number | null, NodeJS.Signals | null]
  if (signal !== 'SIGKILL') throw new Error('the store that was to be killed ended otherwise')
  return logBytes
}

async function reopening(run: Run): Promise<Measured> {
  const { messages } = run.point.parameters as { messages: number }
  const logBytes = await killWithLongLog(run.directory, messages)
  const begin = performance.now()
  const contestant = await run.open()
  const seconds = (performance.now() - begin) / 1000
  await contestant.close()
  const logMib = logBytes / MIB
  return { seconds, logMib, secondsPerLogUnit: (seconds / logMib) * LOG_UNIT_MIB }
}

export const b9: Benchmark = {
  id: 'B9',
  title: 'Opening after kill -9',
  workload:
    'A store killed in the middle of chat-like sends when its log is about as long as it gets, then opened again.',
  runs: { short: 1, full: 7 },
  columns: [
    { figure: 'seconds', title: 'opening', unit: 's', plotted: true },
    { figure: 'logMib', title: 'log', unit: 'MiB' },
    { figure: 'secondsPerLogUnit', title: `per ${LOG_UNIT_MIB} MiB of log`, unit: 's' },
  ],
  thresholds: [
    atMost(`per ${LOG_UNIT_MIB} MiB of log, large store`, 'large', 'secondsPerLogUnit', 's', { must: 2 }),
    timesPoint('per log, large × small store', 'large', 'small', 'secondsPerLogUnit', 'lower', { must: 1.3 }),
  ],
  points: (size) =>
    (['small', 'large'] as const).map((key, index): Point => ({
      key,
      label: `${MESSAGES[size][index]!.toLocaleString('en')} messages`,
      contestants: ['columba'],
      parameters: { messages: MESSAGES[size][index]! },
    })),
  measure: reopening,
}

import { closedLoop } from '../measure/closed-loop.js'
import { bytesOnDisk } from '../measure/disk-usage.js'
import { burstSource, CHAT } from '../workload/bursts.js'
import type { Benchmark, Size } from './benchmark.js'

const MESSAGES: Record<Size, number> = { short: 100_000, full: 1_000_000 }
const IN_FLIGHT = 1024
const SEED = 20

export const b10: Benchmark = {
  id: 'B10',
  title: 'Bytes on disk',
  workload:
    'Chat-like direct messages of about 100 bytes of text; all files after a checkpoint and closing, divided by the ' +
    'messages. Columba keeps both sides’ copies, the peers one.',
  runs: { short: 1, full: 7 },
  columns: [
    { figure: 'bytesPerMessage', title: 'bytes per message', unit: 'bytes', plotted: true },
    { figure: 'textBytesPerMessage', title: 'of which text', unit: 'bytes' },
  ],
  thresholds: [
    {
      what: 'bytes per message, × SQLite',
      better: 'lower',
      must: 1,
      unit: '×',
      value: (figures) => {
        const own = figures.of('disk', 'columba', 'bytesPerMessage')
        const peer = figures.of('disk', 'better-sqlite3', 'bytesPerMessage')
        return own === undefined || peer === undefined ? undefined : own / peer
      },
    },
  ],
  points: (size) => [
    {
      key: 'disk',
      label: `${MESSAGES[size].toLocaleString('en')} messages`,
      contestants: ['columba', 'better-sqlite3', 'better-sqlite3-wide', 'lmdb', 'level'],
      parameters: { messages: MESSAGES[size] },
    },
  ],
  async measure(run) {
    const { messages } = run.point.parameters as { messages: number }
    const next = burstSource({ ...CHAT, seed: SEED })
    let textBytes = 0
    const contestant = await run.open()
    await closedLoop({ inFlight: IN_FLIGHT, operations: messages }, () => {
      const send = next()
      textBytes += Buffer.byteLength(send.text)
      return contestant.send(send)
    })
    await contestant.checkpoint()
    await contestant.close()
    return {
      bytesPerMessage: bytesOnDisk(run.directory) / messages,
      textBytesPerMessage: textBytes / messages,
    }
  },
}

import type { Benchmark } from './benchmark.js'
import { chatDataset, shuffled, usersWithFullLists } from './chat-dataset.js'
import { readLoop } from './read-loop.js'
import { timesBestPeer } from './thresholds.js'

const IN_FLIGHT = 16
const SEED = 14

export const b4: Benchmark = {
  id: 'B4',
  title: 'Conversation lists, cold users',
  workload:
    'The newest 20 conversations of every user with a full list once, in random order, in a process that has just opened the store. ' +
    "The operating system's cache is as warm as the others' runs leave it, for all alike.",
  runs: { short: 1, full: 7 },
  columns: [
    { figure: 'perSecond', title: 'lists/s', unit: '/s', plotted: true },
    { figure: 'rowsPerRead', title: 'rows', unit: '' },
    { figure: 'p50Ms', title: 'p50', unit: 'ms' },
    { figure: 'p99Ms', title: 'p99', unit: 'ms' },
  ],
  thresholds: [timesBestPeer('cold', 'cold', 'perSecond', { must: 0.8, aim: 1.5 })],
  datasets: (size) => [chatDataset(size)],
  points: () => [
    {
      key: 'cold',
      label: `${IN_FLIGHT} in flight`,
      contestants: ['columba', 'better-sqlite3', 'better-sqlite3-wide', 'lmdb', 'level'],
      parameters: {},
      dataset: 'chat',
      readsOnly: true,
    },
  ],
  async measure(run) {
    const users = shuffled(usersWithFullLists(run.size), SEED)
    const contestant = await run.open()
    const loop = { operations: users.length, inFlight: IN_FLIGHT }
    const measured = await readLoop(loop, (index) => contestant.list(users[index]!))
    await contestant.close()
    return measured
  },
}

import type { Benchmark } from './benchmark.js'
import { chatDataset, shuffled, usersWithFullLists } from './chat-dataset.js'
import { compiledAndCold, readLoop } from './read-loop.js'
import { timesBestPeer } from './thresholds.js'

const IN_FLIGHT = 16
const SEED = 14

export const b4: Benchmark = {
  id: 'B4',
  title: 'Conversation lists, cold users',
  workload:
    'The newest 20 conversations of every user with a full list once, in random order, by a handle that has just been opened. ' +
    "The same was read once before by a handle that was closed, so the code is compiled and the operating system's cache warm, for " +
    'all alike.',
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
    const loop = { operations: users.length, inFlight: IN_FLIGHT }
    return compiledAndCold(run.open, (contestant) =>
      readLoop(loop, (index) => contestant.list(users[index]!)),
    )
  },
}

import { closedLoop } from '../measure/closed-loop.js'
import type { Contestant } from '../peers/contestant.js'
import type { Benchmark, Measured } from './benchmark.js'
import { chatDataset, shuffled, usersWithFullLists } from './chat-dataset.js'
import { compiledAndCold, opened, readLoop } from './read-loop.js'
import { timesBestPeer } from './thresholds.js'

const IN_FLIGHT = 16
const SEED = 14
/** Behind all messages of the dataset. */
const NEWS_MS = Date.UTC(2030, 0, 1)

export const b4: Benchmark = {
  id: 'B4',
  title: 'Conversation lists, cold users',
  workload:
    'The newest 20 conversations of every user with a full list once, in random order, by a handle that has just been opened. ' +
    "The same was read once before by a handle that was closed, so the code is compiled and the operating system's cache warm, for " +
    'all alike; columba has left a copy of each list behind when it read it. And the same when every user has got a message since.',
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
    {
      key: 'changed',
      label: `${IN_FLIGHT} in flight, with a new message each`,
      contestants: ['columba', 'better-sqlite3', 'better-sqlite3-wide', 'lmdb', 'level'],
      parameters: {},
      dataset: 'chat',
    },
  ],
  async measure(run) {
    const users = shuffled(usersWithFullLists(run.size), SEED)
    const loop = { operations: users.length, inFlight: IN_FLIGHT }
    const lists = (contestant: Contestant): Promise<Measured> =>
      readLoop(loop, (index) => contestant.list(users[index]!))
    return run.point.key === 'cold'
      ? compiledAndCold(run.open, lists)
      : changedAndCold(run.open, users, lists)
  },
}

/** What `measure` gives with a new handle when every user has got a message since the last one, for the second time. */
async function changedAndCold(
  open: () => Promise<Contestant>,
  users: readonly string[],
  measure: (contestant: Contestant) => Promise<Measured>,
): Promise<Measured> {
  let measured = await opened(open, measure)
  for (let round = 1; round <= 2; round++) {
    await opened(open, (contestant) =>
      closedLoop({ inFlight: 256, operations: users.length }, (index) =>
        contestant.send({
          sender: users[(index + round) % users.length]!,
          receiver: users[index]!,
          text: `hello, this is the news of round ${round}, do you have a minute for me?`,
          id: `round-${round}-${index}`,
          timestamp: NEWS_MS + index,
        }),
      ),
    )
    measured = await opened(open, measure)
  }
  return measured
}

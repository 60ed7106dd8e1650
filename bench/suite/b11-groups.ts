import type { ContestantName } from '../peers/contestants.js'
import { groupSource, planGroups } from '../workload/groups.js'
import type { Benchmark, Point, Size } from './benchmark.js'
import { sustainedSends } from './sustained-sends.js'
import { timesBestPeer, timesPoint } from './thresholds.js'

interface GroupShape {
  readonly members: number
  readonly groups: number
  readonly messages: Record<Size, number>
  readonly contestants: readonly ContestantName[]
}

const EVERYBODY: readonly ContestantName[] = ['columba', 'better-sqlite3', 'lmdb', 'level']
/** Peers write a row per member, so they are asked only where a server would do that. */
const SHAPES: readonly GroupShape[] = [
  { members: 10, groups: 500, messages: { short: 20_000, full: 300_000 }, contestants: EVERYBODY },
  { members: 100, groups: 50, messages: { short: 4000, full: 50_000 }, contestants: EVERYBODY },
  { members: 1000, groups: 20, messages: { short: 10_000, full: 200_000 }, contestants: ['columba'] },
  { members: 10_000, groups: 4, messages: { short: 10_000, full: 200_000 }, contestants: ['columba'] },
]
const USERS = 20_000
const IN_FLIGHT = 256
const SEED = 21
const SMALL = { must: 5 }

export const b11: Benchmark = {
  id: 'B11',
  title: 'Groups',
  workload:
    'Messages from random members to random groups of one size; 256 in flight. Each is delivered to every member.',
  runs: { short: 1, full: 7 },
  columns: [
    { figure: 'perSecond', title: 'sends/s', unit: '/s', plotted: true },
    { figure: 'deliveriesPerSecond', title: 'deliveries/s', unit: '/s' },
    { figure: 'p99Ms', title: 'p99', unit: 'ms' },
    { figure: 'cpuMicrosPerOperation', title: 'CPU per send', unit: 'µs' },
  ],
  thresholds: [
    timesBestPeer('10 members', '10', 'perSecond', SMALL),
    timesBestPeer('100 members', '100', 'perSecond', SMALL),
    timesPoint('sends/s, 1,000 × 10,000 members', '1000', '10000', 'perSecond', 'lower', { must: 2 }),
  ],
  points: (size) =>
    SHAPES.map(({ members, groups, messages, contestants }): Point => ({
      key: String(members),
      label: `${members.toLocaleString('en')} members`,
      contestants,
      parameters: { members, groups, messages: messages[size] },
    })),
  async measure(run) {
    const { members, groups, messages } = run.point.parameters as Record<
      'members' | 'groups' | 'messages',
      number
    >
    const plans = planGroups(SEED, groups, members, USERS)
    const contestant = await run.open()
    const conversations: string[] = []
    for (const plan of plans) conversations.push(await contestant.createGroup(plan))
    const next = groupSource(SEED, plans, conversations)
    const measured = await sustainedSends(contestant, { operations: messages, inFlight: IN_FLIGHT, next })
    await contestant.close()
    return { ...measured, deliveriesPerSecond: measured['perSecond']! * members }
  },
}

import { expect, test } from 'vitest'
import { simulate } from './simulation.js'

/**
 * Seeds that found something once, and what it was. A change of the workload changes what a seed does: then this row
 * is a seed like any other, and the fault has a test of its own beside it where that is possible. None of them closed the store
 * in the middle of calls, or had subscribers, when it found something.
 */
const rows: readonly (readonly [seed: number, found: string])[] = [
  [3, 'a power cut took the whole new store: its name in the parent directory was never synced'],
  [47, 'a power cut took the whole log: its directory was made behind the last sync of the store’s'],
  [7, 'a flush that failed while the log was paused left accepted calls without an answer'],
  [33, 'a lock that could not be removed shut out the process that had made it'],
  [6, 'a stranger who read a direct conversation by its id lifted a block'],
  [371, 'a page of a feed that ended with several pointers of one position said that nothing was behind it'],
  [238, 'a page of a feed skipped what came into a new generation while it was read'],
  [45, 'one who came back to a group did not hear of an own mark from before leaving'],
  [181, 'a log that was closed in the page cache only lost its end behind the next segment'],
  [61, 'an own message that came while the own count was read was counted as unread for good'],
  [751, 'a repeat that had no file descriptor to look at its message with was taken for a finding'],
  [96_667, 'a mark that was under way while its user was taken out of the group was taken for a lost one'],
  [102_063, 'a tidy that a checkpoint of the recovery had woken went on behind an opening that failed'],
  [
    722_393,
    'a stranger whose look came back late made a conversation begin anew: its messages were numbered from 1 again',
  ],
  [171_859, 'a large group that was left while a page of the list was read was in none of the pages'],
  [200_164, 'a log whose file could not be closed left shards and lock to a store that was closed'],
]

test.each(rows)('seed %i: %s', async (seed) => {
  await expect(simulate(seed, { additions: false })).resolves.toBeDefined()
})

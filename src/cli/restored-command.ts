import { beginTimeLine } from '../local/begin-time-line.js'
import type { Command } from './command.js'
import { assertStore } from './open-existing.js'
import { systemComponents } from './system-components.js'

export const restoredCommand: Command = {
  name: 'restored',
  summary: 'say that a store was put back from a backup',
  help: `Usage: columba restored DIR

To be run once, before a store that was put back from a backup is opened for its users. Clients may have seen what came
after the backup was made, and hold feed tokens of that time, whose places are given to other changes from now on. Behind
this command all tokens and list cursors of before answer RESYNC_REQUIRED, and clients load everything anew. Without
it they would miss changes. Nothing else is changed; opening recovers a store that was not closed.

Exit codes: 0 done, 2 the store could not be opened.
`,
  json: false,
  run: async (directory, _, terminal) => {
    await assertStore(directory)
    await beginTimeLine(directory, systemComponents)
    terminal.out('Tokens of before answer RESYNC_REQUIRED.\n')
    return 0
  },
}

import type { Command } from './command.js'
import { openExisting } from './open-existing.js'

export const statsCommand: Command = {
  name: 'stats',
  summary: 'print numbers about a store',
  help: `Usage: columba stats DIR [--json]

Opens the store in DIR, which nobody else may have open, prints what store.admin.stats() says, and closes it. Opening
recovers a store that was not closed; beyond that nothing is changed.

  --json    print the numbers as JSON

Exit codes: 0 done, 2 the store could not be opened.
`,
  json: true,
  run: async (directory, { json }, terminal) => {
    const store = await openExisting(directory)
    try {
      const stats = await store.admin.stats()
      terminal.out(json ? `${JSON.stringify(stats, null, 2)}\n` : `${lines('', stats).join('\n')}\n`)
    } finally {
      await store.close()
    }
    return 0
  },
}

/** Nested numbers as one line each, with the way to them. */
function lines(path: string, value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return [`${path.padEnd(32)} ${String(value)}`]
  return Object.entries(value).flatMap(([name, part]) => lines(path === '' ? name : `${path}.${name}`, part))
}

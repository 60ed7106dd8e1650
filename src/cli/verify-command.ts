import type { VerifyOptions, VerifyReport } from '../index.js'
import { verifyTables } from '../local/offline-repair/verify-tables.js'
import type { Command } from './command.js'
import { assertStore, openExisting } from './open-existing.js'
import { ProgressLine } from './progress-line.js'
import { systemComponents } from './system-components.js'

/** Findings that are printed; all of them are in the output of `--json`. */
const maxPrinted = 100

export const verifyCommand: Command = {
  name: 'verify',
  summary: 'read everything and check it against itself',
  help: `Usage: columba verify DIR [--json]

Opens the store in DIR, which nobody else may have open, reads every row and every message, and checks all of it:
checksums of values and of LevelDB's tables, lists and heads against the messages, both sides of conversations, groups
against their members, marks, feeds, body files. Opening recovers a store that was not closed; beyond that nothing is changed.
LevelDB's tables are read first: where one is damaged, over which LevelDB may end the process, the store is not opened, and
the report tells of tables only.

  --json    print the report as JSON

Exit codes: 0 everything fits, 1 there are findings, 2 the store could not be opened or read.
`,
  json: true,
  run: async (directory, { json }, terminal) => {
    const progress = new ProgressLine(terminal)
    const onProgress: VerifyOptions['onProgress'] = (done) => {
      progress.show(done)
    }
    let report: VerifyReport
    try {
      report = await verifyStore(directory, { onProgress })
    } finally {
      progress.clear()
    }
    terminal.out(json ? `${JSON.stringify(report, null, 2)}\n` : describe(report))
    return report.ok ? 0 : 1
  },
}

/** Opens it only if its tables are sound, so that LevelDB does not end the process before anything is said. */
async function verifyStore(directory: string, options: VerifyOptions): Promise<VerifyReport> {
  await assertStore(directory)
  const tables = await verifyTables(directory, systemComponents, options)
  if (!tables.ok) return tables
  const store = await openExisting(directory)
  try {
    return await store.admin.verify(options)
  } finally {
    await store.close()
  }
}

function describe({ ok, checked, findings }: VerifyReport): string {
  const lines = Object.entries(checked).map(([what, count]) => `  ${what.padEnd(22)} ${String(count)}`)
  const printed = findings
    .slice(0, maxPrinted)
    .map(({ what, where, advice }) => `- ${what}\n  ${where}\n  ${advice}`)
  const beyond = findings.length - printed.length
  if (beyond > 0) printed.push(`… and ${beyond} more: see --json`)
  const verdict = ok ? 'Everything fits.' : `${findings.length} findings:`
  return [`Checked:`, ...lines, verdict, ...printed, ''].join('\n')
}

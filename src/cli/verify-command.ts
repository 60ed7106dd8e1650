import type { VerifyReport } from '../index.js'
import type { Command } from './command.js'
import { openExisting } from './open-existing.js'
import { ProgressLine } from './progress-line.js'

/** Findings that are printed; all of them are in the output of `--json`. */
const maxPrinted = 100

export const verifyCommand: Command = {
  name: 'verify',
  summary: 'read everything and check it against itself',
  help: `Usage: columba verify DIR [--json]

Opens the store in DIR, which nobody else may have open, reads every row and every message, and checks all of it:
checksums of values and of LevelDB's tables, lists and heads against the messages, both sides of conversations, groups
against their members, marks, feeds, body files. Opening recovers a store that was not closed; beyond that nothing is changed.

  --json    print the report as JSON

Exit codes: 0 everything fits, 1 there are findings, 2 the store could not be opened or read.
`,
  json: true,
  run: async (directory, { json }, terminal) => {
    const progress = new ProgressLine(terminal)
    const store = await openExisting(directory)
    let report: VerifyReport
    try {
      report = await store.admin.verify({
        onProgress: (done) => {
          progress.show(done)
        },
      })
    } finally {
      progress.clear()
      await store.close()
    }
    terminal.out(json ? `${JSON.stringify(report, null, 2)}\n` : describe(report))
    return report.ok ? 0 : 1
  },
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

import { join } from 'node:path'
import { repairReportName } from '../formats/repair-names.js'
import { repairStore, type RepairReport } from '../local/offline-repair/repair-store.js'
import type { Command } from './command.js'
import { assertStore } from './open-existing.js'
import { ProgressLine } from './progress-line.js'
import { systemComponents } from './system-components.js'

/** Lines of each kind that are printed; all of them are in the output of `--json` and in the kept report. */
const maxPrinted = 100

export const repairCommand: Command = {
  name: 'repair',
  summary: 'make a damaged store anew from what can be read of it',
  help: `Usage: columba repair DIR [--json]

Verifies a copy of the store in DIR, which nobody else may have open. If anything is wrong, gathers all that can be read of
messages, rows and log, makes the whole store anew beside the old one, verifies it, and puts it in the old one's place.
Nothing of the old store is deleted: it is kept in DIR/repaired-TIME/old, with the report in DIR/repaired-TIME/${repairReportName}.
Needs about three times the store's size of free disk. Messages that are gone leave an empty one in their place, so that
numbers have no gaps. Feed tokens of before answer RESYNC_REQUIRED. Restoring a backup loses less, if there is a new one.

An interrupted repair is finished by the next; until then the store cannot be opened.

  --json    print the report as JSON

Exit codes: 0 the store is whole, and nothing is lost; 1 it was repaired, and the report names what is lost;
2 it was not repaired and is as it was, or the repair was interrupted while the new store took the old one's place.
`,
  json: true,
  run: async (directory, { json }, terminal) => {
    await assertStore(directory)
    const progress = new ProgressLine(terminal)
    let report: RepairReport
    try {
      report = await repairStore(directory, systemComponents, {
        onProgress: (done) => {
          progress.show(done)
        },
      })
    } finally {
      progress.clear()
    }
    terminal.out(json ? `${JSON.stringify(report, null, 2)}\n` : describe(directory, report))
    return report.lost.length === 0 ? 0 : 1
  },
}

function describe(
  directory: string,
  { outcome, refused, found, rebuilt, salvaged, lost, kept }: RepairReport,
): string {
  if (outcome === 'whole' || kept === null) return 'Everything fits. Nothing was changed.\n'
  const place = join(directory, kept)
  const lines = [
    outcome === 'finished' ? 'Finished a repair that was interrupted:' : 'Repaired:',
    ...(refused === null ? [] : [`The store could not be opened: ${refused}`]),
    ...section('Found', found, place),
    ...numbers('Made anew', rebuilt),
    ...numbers('Found for it', salvaged),
    ...section('Lost', lost, place),
    ...(lost.length === 0 ? ['Nothing was lost.'] : []),
    `What was there before is kept in ${place}.`,
    '',
  ]
  return lines.join('\n')
}

function numbers(title: string, counts: Readonly<Record<string, number>>): string[] {
  const entries = Object.entries(counts)
  return entries.length === 0
    ? []
    : [`${title}:`, ...entries.map(([what, count]) => `  ${what.padEnd(40)} ${String(count)}`)]
}

function section(
  title: string,
  entries: readonly { readonly what: string; readonly where: string }[],
  place: string,
): string[] {
  if (entries.length === 0) return []
  const beyond = entries.length - maxPrinted
  const more = beyond > 0 ? [`… and ${beyond} more: see ${join(place, repairReportName)}`] : []
  return [
    `${title}:`,
    ...entries.slice(0, maxPrinted).map(({ what, where }) => `- ${what}: ${where}`),
    ...more,
  ]
}

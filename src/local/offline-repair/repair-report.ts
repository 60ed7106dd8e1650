import type { VerifyFinding } from '../../backend/port.js'
import { isKeptName, repairReportName } from '../../formats/repair-names.js'
import type { FileSystem } from '../../platform/file-system.js'
import { RepairNotes, type Loss } from '../repair/repair-notes.js'
import { readWhole } from './gather-parts.js'

export interface RepairReport {
  /** `whole`: nothing was wrong and nothing was done. `finished`: an earlier repair, of which this is the report. */
  readonly outcome: 'whole' | 'repaired' | 'finished'
  /** Why the store could not be opened; null if it could. */
  readonly refused: string | null
  /** What a verification of the store found, if it could be opened. */
  readonly found: readonly VerifyFinding[]
  /** What the store consists of now, all of it made anew. */
  readonly rebuilt: Readonly<Record<string, number>>
  /** Where it was found, besides whole shards. */
  readonly salvaged: Readonly<Record<string, number>>
  /** What could not be brought back, or not as it was. */
  readonly lost: readonly Loss[]
  /** The directory with all that the store was before; null if nothing was done. */
  readonly kept: string | null
}

/** Of a repair that has made something. */
export type MadeReport = RepairReport & { readonly kept: string }

/** The report of a repair that was interrupted while it changed places; null if that is damaged. */
export async function readReport(fileSystem: FileSystem, path: string): Promise<MadeReport | null> {
  const bytes = await readWhole({ fileSystem, notes: RepairNotes.silent() }, path, path)
  try {
    const said = JSON.parse(bytes?.toString() ?? '') as unknown
    return isMadeReport(said) ? said : null
  } catch {
    return null
  }
}

function isMadeReport(value: unknown): value is MadeReport {
  if (typeof value !== 'object' || value === null) return false
  const { refused, found, rebuilt, salvaged, lost, kept } = value as Partial<
    Record<keyof RepairReport, unknown>
  >
  return (
    (refused === null || typeof refused === 'string') &&
    [found, lost].every(Array.isArray) &&
    [rebuilt, salvaged].every((counts) => typeof counts === 'object' && counts !== null) &&
    typeof kept === 'string' &&
    isKeptName(kept)
  )
}

/** In place of a damaged one: that it is there says that the new store is whole, and nothing else is needed to go on. */
export function unreadReport(kept: string): MadeReport {
  const what = 'damaged report of the interrupted repair, which named what else is lost'
  const lost = [{ what, where: `${kept}/${repairReportName}` }]
  return { outcome: 'finished', refused: null, found: [], rebuilt: {}, salvaged: {}, lost, kept }
}

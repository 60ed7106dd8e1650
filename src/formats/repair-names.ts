/** Where a repair makes the store anew, below the store's directory. */
export const repairName = 'repair.new'

/** In it: the report, whose presence says that the new store is whole and that the parts are changing places. */
export const repairReportName = 'REPORT.json'

/** A LevelDB that a repair has open as long as it runs, and nothing is in: others ask for its lock. */
export const repairGuardName = 'repair.guard'

/** What the directory is called in the end; `now` is epoch milliseconds. */
export const keptName = (now: number): string => `repaired-${now}`

export const isKeptName = (name: string): boolean => /^repaired-\d+$/.test(name)

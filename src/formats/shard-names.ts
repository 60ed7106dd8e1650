/** Names below the store's directory that have to do with shards: `shards/0000`, `shards/0001` … */
export const shardsDirectory = 'shards'

export const shardName = (index: number): string => index.toString().padStart(4, '0')

/** The index in a shard's name, or null for a name that is none. */
export function shardIndex(name: string): number | null {
  return /^\d{4}$/.test(name) ? Number(name) : null
}

/** Names the list of tables that counts; without it LevelDB takes a directory for empty. */
export const levelCurrent = 'CURRENT'

/** LevelDB's lists of tables, of which `CURRENT` names one. */
export const isLevelList = (name: string): boolean => /^MANIFEST-\d+$/.test(name)

/** The list that the text of `CURRENT` names; null if it names none. */
export const levelListIn = (current: string): string | null => /^(MANIFEST-\d+)\n$/.exec(current)?.[1] ?? null

/** LevelDB's own log files, as opposed to `LOG` and `LOG.old`, where it writes what it did. */
export const isLevelLog = (name: string): boolean => /^\d+\.log$/.test(name)

export const levelTableName = (table: number): string => `${table.toString().padStart(6, '0')}.ldb`

/** LevelDB's tables; the second is how older versions called them. */
export const isLevelTable = (name: string): boolean => /^\d+\.(?:ldb|sst)$/.test(name)

/** All that makes up a database of LevelDB: not its lock, nor what it writes for people. */
export const isLevelFile = (name: string): boolean =>
  name === levelCurrent || isLevelList(name) || isLevelLog(name) || isLevelTable(name)

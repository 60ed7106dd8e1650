import type { Contestant, OpenOptions } from './contestant.js'
import { EmbeddedStore } from './embedded-store.js'
import { packageVersion } from './package-version.js'
import { LeanInbox } from './sqlite/lean-inbox.js'
import { sqliteVersion, SqliteTables } from './sqlite/tables.js'

/** SQLite laid out for both, sends first: what a chat server would choose. What was tried: `sqlite/tuning.ts`. */
export function open({ directory }: OpenOptions): Promise<Contestant> {
  const tables = new SqliteTables(directory, (database, nameOf) => new LeanInbox(database, nameOf))
  return Promise.resolve(new EmbeddedStore(tables))
}

export function version(): string {
  return `better-sqlite3 ${packageVersion('better-sqlite3')} (${sqliteVersion()})`
}

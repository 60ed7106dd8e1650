import type { Contestant, OpenOptions } from './contestant.js'
import { EmbeddedStore } from './embedded-store.js'
import { packageVersion } from './package-version.js'
import { WideInbox } from './sqlite/wide-inbox.js'
import { sqliteVersion, SqliteTables } from './sqlite/tables.js'

/** SQLite laid out for fast lists, at the price of its sends. It competes where lists are measured. */
export function open({ directory }: OpenOptions): Promise<Contestant> {
  const tables = new SqliteTables(directory, (database, nameOf) => new WideInbox(database, nameOf))
  return Promise.resolve(new EmbeddedStore(tables))
}

export function version(): string {
  return `better-sqlite3 ${packageVersion('better-sqlite3')} (${sqliteVersion()})`
}

import type Database from 'better-sqlite3'

/**
 * Tuning of SQLite, tried on the chat-like workload with 200,000 to 600,000 messages and 256 in flight.
 *
 * What helped, most first (sends per second before → after; a plain schema with default settings: about 11,000):
 * - moving a conversation once per group, not once per message, and keeping its head in memory: no reads on a send;
 * - one row per member that is only moved (`inbox`), no `conversations` row to rewrite: two dirty pages fewer;
 * - checkpoints after 128 MiB instead of 4 MiB: 24,000 → 30,000; beyond that nothing more;
 * - the log file filled with zeroes before use, so that a sync changes no metadata: 16 in flight 12,600 → 17,500;
 * - the unique index led by the message id: clients' ids are ordered by time, so it grows at its end: +5 %, 17 % less
 *   written;
 * - exclusive locking (no shared-memory index): sends +3 %, lists +10 %.
 * What did not: memory-mapped reads (same within noise, and they count as the page cache does), 1 and 2 KiB pages
 * (slower at 256, 15 % faster alone), 8 and 16 KiB pages (+3 % at 256, −5 % at 16, half as much again written), a
 * checkpointer of its own on a worker thread (the log never restarts under load), idempotency keys as negative
 * sequence numbers in the messages' tree (9 % less written, no faster), message bodies packed into one JSON column.
 * Not done: better-sqlite3 is built without HAVE_FDATASYNC, so SQLite syncs with fsync; nobody who installs it has
 * another build.
 * Not allowed: `synchronous=NORMAL` with an own fdatasync beside it would overlap processor and disk, but shows readers
 * what a power cut takes away; two databases on two threads would lose the atomic move on both sides.
 */
const PAGE_BYTES = 4096
const CHECKPOINT_BYTES = 128 * 1024 * 1024
export const CACHE_BYTES = 256 * 1024 * 1024

export const LOG_BYTES = CHECKPOINT_BYTES + 16 * 1024 * 1024

/** The page size must come before the first page, the locking mode before the log is used. */
export function tune(database: Database.Database): void {
  database.pragma(`page_size = ${PAGE_BYTES}`)
  database.pragma('locking_mode = EXCLUSIVE')
  database.pragma('journal_mode = WAL')
  database.pragma('synchronous = FULL')
  database.pragma(`wal_autocheckpoint = ${CHECKPOINT_BYTES / PAGE_BYTES}`)
  database.pragma(`cache_size = -${CACHE_BYTES / 1024}`)
  database.pragma('temp_store = MEMORY')
}

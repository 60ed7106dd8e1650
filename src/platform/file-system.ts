/**
 * The seam to the file system: all that the log, the manifest and the body files ask of a disk, and no more. LevelDB does not use
 * it: the shards lie at the same paths of the real disk.
 * Promises of an implementation:
 *  - `write` may write less than asked and says how much; it never moves a file position.
 *  - `sync` returns only when content and size are on the disk; `syncDirectory` when its entries are.
 *  - without a sync nothing survives a power cut for sure, in whatever order it was written.
 *  - a failed `sync` leaves the content of the file unknown; asking again proves nothing.
 * Errors are those of `node:fs`: an Error with a `code` such as ENOSPC, ENOENT or EEXIST.
 * Paths are absolute or relative to the process; the caller joins them.
 */
export interface FileSystem {
  /** `create` fails with EEXIST if the file is there; new files get mode 0600. */
  open(path: string, mode: 'read' | 'write' | 'create'): Promise<FileHandle>
  /** Makes the directory and its parents, mode 0700; being there already is fine. */
  makeDirectory(path: string): Promise<void>
  /** Names, sorted. */
  list(path: string): Promise<string[]>
  /** Size in bytes and kind, or null where nothing is. */
  stat(path: string): Promise<{ size: number; directory: boolean } | null>
  rename(from: string, to: string): Promise<void>
  unlink(path: string): Promise<void>
  /** Makes creations, renames and unlinks in the directory durable. A no-op where the platform has none (Windows). */
  syncDirectory(path: string): Promise<void>
  /** The path with links resolved; it must exist. */
  realPath(path: string): Promise<string>
  /** Bytes free for this process, or Infinity where it cannot be told. */
  freeBytes(path: string): Promise<number>
}

export interface FileHandle {
  /** Writes from `data` at `position`; resolves with the number of bytes written, which may be fewer. */
  write(data: Uint8Array, position: number): Promise<number>
  /**
   * The same, and what it has written is on the disk when it resolves: content, and size if that has grown. Other writes
   * are not: whoever wants them on the disk as well calls `sync`. What an error leaves behind is unknown.
   */
  writeSynced(data: Uint8Array, position: number): Promise<number>
  /** Reads into `into` from `position`; resolves with the number of bytes read, 0 at the end. */
  read(into: Uint8Array, position: number): Promise<number>
  /** The same on the calling thread, for what is likely to be in the system's cache; where there is no such thing, `read` is. */
  readSync?(into: Uint8Array, position: number): number
  /** fdatasync: content and size. */
  sync(): Promise<void>
  truncate(size: number): Promise<void>
  size(): Promise<number>
  close(): Promise<void>
}

import { dirname } from 'node:path'
import type { FileHandle, FileSystem } from './file-system.js'
import { readFully, writeFully } from './whole-transfers.js'

/** A large file reaches the disk in parts, so that a sync of the log never waits behind all of it. */
const syncEveryBytes = 2 * 1024 * 1024

/**
 * Makes `path` hold these pieces, one behind the other, as a whole: written aside, synced, renamed, and the directory
 * synced. A crash leaves what was there before or all that is new, and perhaps the file aside. After a rejection it is
 * unknown which of the two is there. Returns the number of bytes.
 */
export async function replaceFile(
  fileSystem: FileSystem,
  path: string,
  aside: string,
  pieces: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
): Promise<number> {
  const bytes = await writeAside(fileSystem, aside, pieces)
  await fileSystem.rename(aside, path)
  // IMPORTANT: without it a power cut takes the name, and with it the content, of a file that others point to.
  await fileSystem.syncDirectory(dirname(path))
  return bytes
}

/**
 * A new file whose content is on the disk; its name is not. What an interrupted process left there is removed, and so is what
 * this one has written if it fails: on a full disk that is what others lack. Returns the number of bytes.
 */
export async function writeAside(
  fileSystem: FileSystem,
  path: string,
  pieces: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
): Promise<number> {
  const handle = await createAnew(fileSystem, path)
  try {
    return await writeSyncedPieces(handle, pieces)
  } catch (error) {
    await fileSystem.unlink(path).catch(() => undefined)
    throw error
  }
}

/** Closes the file as well, whatever becomes of it. */
async function writeSyncedPieces(
  handle: FileHandle,
  pieces: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
): Promise<number> {
  let written = 0
  let unsynced = 0
  try {
    for await (const piece of pieces) {
      await writeFully(handle, piece, written)
      written += piece.byteLength
      unsynced += piece.byteLength
      if (unsynced < syncEveryBytes) continue
      await handle.sync()
      unsynced = 0
    }
    await handle.sync()
  } finally {
    await handle.close()
  }
  return written
}

/** Up to `maxBytes` from the beginning of a file; fewer only if it ends before. */
export async function readHead(handle: FileHandle, maxBytes: number): Promise<Buffer> {
  const bytes = Buffer.alloc(maxBytes)
  return bytes.subarray(0, await readFully(handle, bytes, 0))
}

async function createAnew(fileSystem: FileSystem, path: string): Promise<FileHandle> {
  try {
    return await fileSystem.open(path, 'create')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    await fileSystem.unlink(path)
    return fileSystem.open(path, 'create')
  }
}

import { join } from 'node:path'
import { copyName, segmentName, tornName } from '../../formats/segment.js'
import type { FileHandle, FileSystem } from '../../platform/file-system.js'
import type { LogScan } from './log-scan.js'
import { readFully, writeFully } from '../../platform/whole-transfers.js'

const pieceBytes = 1024 * 1024

/**
 * Makes the last segment of a log that did not end cleanly trustworthy: its whole frames go into a new file, which is
 * synced and takes its name. After a failed sync, or a crash, what a read shows may be in the page cache only, and
 * asking for another sync of the same file proves nothing. Bytes behind the last whole frame are kept in a file aside.
 * A crash anywhere in here leaves the segment as it was, or settled. Returns the path of the kept bytes, or null.
 */
export async function settleTail(
  fileSystem: FileSystem,
  directory: string,
  scan: LogScan,
): Promise<string | null> {
  const { number, validLength } = scan.end
  const path = join(directory, segmentName(number))
  const copyPath = join(directory, copyName(number))
  const tornPath = scan.tornBytes === 0 ? null : join(directory, tornName(number, validLength))
  const from = await fileSystem.open(path, 'read')
  try {
    if (tornPath !== null) await copyBytes(fileSystem, from, validLength, scan.tornBytes, tornPath)
    await copyBytes(fileSystem, from, 0, validLength, copyPath)
  } finally {
    await from.close()
  }
  // IMPORTANT: the kept bytes must be findable before they are gone from the segment.
  if (tornPath !== null) await fileSystem.syncDirectory(directory)
  await fileSystem.rename(copyPath, path)
  await fileSystem.syncDirectory(directory)
  return tornPath
}

async function copyBytes(
  fileSystem: FileSystem,
  from: FileHandle,
  offset: number,
  length: number,
  path: string,
): Promise<void> {
  if ((await fileSystem.stat(path)) !== null) await fileSystem.unlink(path)
  const to = await fileSystem.open(path, 'create')
  try {
    const piece = Buffer.allocUnsafe(Math.min(pieceBytes, length))
    for (let copied = 0; copied < length;) {
      const count = await readFully(
        from,
        piece.subarray(0, Math.min(piece.length, length - copied)),
        offset + copied,
      )
      if (count === 0) throw new Error(`${path} could not be copied: the segment became shorter`)
      await writeFully(to, piece.subarray(0, count), copied)
      copied += count
    }
    await to.sync()
  } finally {
    await to.close()
  }
}

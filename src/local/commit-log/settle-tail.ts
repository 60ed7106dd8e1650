import { join } from 'node:path'
import { ColumbaError } from '../../errors.js'
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
    if (tornPath !== null) await copyBytes(fileSystem, { from, path }, validLength, scan.tornBytes, tornPath)
    await copyBytes(fileSystem, { from, path }, 0, validLength, copyPath)
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
  { from, path }: { readonly from: FileHandle; readonly path: string },
  offset: number,
  length: number,
  copyPath: string,
): Promise<void> {
  if ((await fileSystem.stat(copyPath)) !== null) await fileSystem.unlink(copyPath)
  const to = await fileSystem.open(copyPath, 'create')
  try {
    const piece = Buffer.allocUnsafe(Math.min(pieceBytes, length))
    for (let copied = 0; copied < length;) {
      const count = await readFully(
        from,
        piece.subarray(0, Math.min(piece.length, length - copied)),
        offset + copied,
      )
      if (count === 0) {
        const details = { file: path, offset: offset + copied }
        throw new ColumbaError('CORRUPT', `${path} became shorter while it was read once more`, details)
      }
      await writeFully(to, piece.subarray(0, count), copied)
      copied += count
    }
    await to.sync()
  } finally {
    await to.close()
  }
}

import { lstatSync, readdirSync } from 'node:fs'
import { join } from 'node:path'

/** Bytes of all files under a directory, as long as they say they are (a preallocated file counts in full). */
export function bytesOnDisk(directory: string): number {
  let bytes = 0
  for (const entry of readdirSync(directory, { withFileTypes: true, recursive: true })) {
    if (!entry.isFile()) continue
    try {
      bytes += lstatSync(join(entry.parentPath, entry.name)).size
    } catch {
      // a file that background work removed meanwhile
    }
  }
  return bytes
}

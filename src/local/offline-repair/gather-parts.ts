import type { Manifest } from '../../formats/manifest.js'
import type { FileSystem } from '../../platform/file-system.js'
import type { Facts } from '../repair/facts.js'
import type { RepairNotes } from '../repair/repair-notes.js'
import { assertDamage, SalvagedFile } from '../repair/salvaged-file.js'

export interface GatherParts {
  readonly fileSystem: FileSystem
  readonly manifest: Manifest
  readonly facts: Facts
  readonly notes: RepairNotes
  readonly onProgress: (part: string, items: number, total: number | null) => void
}

/** A whole file of those that are never large; null if it is too damaged to be opened. */
export async function readWhole(
  parts: Pick<GatherParts, 'fileSystem' | 'notes'>,
  path: string,
  where: string,
): Promise<Buffer | null> {
  const read = (file: SalvagedFile): Promise<Buffer> => file.read(0, file.size)
  return withFile(parts, path, where, read)
}

/** What `use` makes of a file; null if that is too damaged to be opened. Whatever of it cannot be read is noted. */
export async function withFile<T>(
  { fileSystem, notes }: Pick<GatherParts, 'fileSystem' | 'notes'>,
  path: string,
  where: string,
  use: (file: SalvagedFile) => Promise<T>,
): Promise<T | null> {
  let file: SalvagedFile
  try {
    file = await SalvagedFile.open(fileSystem, path)
  } catch (error) {
    assertDamage(error)
    notes.lose('file that cannot be read', `${where}: ${String(error)}`)
    return null
  }
  try {
    return await use(file)
  } finally {
    for (const { offset, length } of file.unread)
      notes.lose('part of a file that cannot be read', `${where}, offset ${offset}, length ${length}`)
    await file.close()
  }
}

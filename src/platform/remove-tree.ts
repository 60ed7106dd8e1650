import { rm } from 'node:fs/promises'

/** Removes a directory with all that is in it; its absence is as good. Not durable by itself. */
export function removeTree(path: string): Promise<void> {
  return rm(path, { recursive: true, force: true })
}

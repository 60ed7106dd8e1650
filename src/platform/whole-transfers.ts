import type { FileHandle } from './file-system.js'

/**
 * Writes all of `data`, in as many writes as the disk wants. A disk may take less than asked without saying why; that it
 * takes nothing at all twice in a row is an error, as if the system had given EIO.
 */
export function writeFully(handle: FileHandle, data: Uint8Array, position: number): Promise<void> {
  return transfer(data, (rest, done) => handle.write(rest, position + done))
}

/** The same with `writeSynced`. */
export function writeFullySynced(handle: FileHandle, data: Uint8Array, position: number): Promise<void> {
  return transfer(data, (rest, done) => handle.writeSynced(rest, position + done))
}

async function transfer(
  data: Uint8Array,
  write: (rest: Uint8Array, written: number) => Promise<number>,
): Promise<void> {
  let written = 0
  let stalled = false
  while (written < data.length) {
    const rest = written === 0 ? data : data.subarray(written)
    const count = await write(rest, written)
    if (count === 0 && stalled) {
      const error = new Error(`the disk took ${written} of ${data.length} bytes and no more`)
      throw Object.assign(error, { code: 'EIO', syscall: 'write' })
    }
    stalled = count === 0
    written += count
  }
}

/** Reads until `into` is full or the file ends; returns the number of bytes read. */
export async function readFully(handle: FileHandle, into: Uint8Array, position: number): Promise<number> {
  let filled = 0
  while (filled < into.length) {
    const count = await handle.read(into.subarray(filled), position + filled)
    if (count === 0) break
    filled += count
  }
  return filled
}

import { ClassicLevel } from 'classic-level'
import { codesOf } from './level-error.js'

/**
 * Whether anybody has this LevelDB open, whichever process that is. Its kernel lock is asked and nothing else: an opening that
 * wants the database neither made nor there ends right behind the lock, before anything of it is read. That matters where it
 * may be damaged, over which LevelDB can end the process, or must stay as it is. It succeeds only where this process has the
 * database open already: `multithreading` then shares it, and does not drop this process's lock on it.
 *
 * Rejects if the lock cannot be asked. Makes `LOCK` where it is missing; `LOG`, in which LevelDB tells what it does, becomes
 * `LOG.old`.
 */
export async function isLevelHeld(directory: string): Promise<boolean> {
  const database = new ClassicLevel(directory, {
    createIfMissing: false,
    errorIfExists: true,
    multithreading: true,
  })
  try {
    await database.open()
  } catch (error) {
    const codes = codesOf(error)
    if (codes.includes('LEVEL_LOCKED')) return true
    if (codes.includes('LEVEL_IO_ERROR')) throw error
    return false
  }
  await database.close()
  return true
}

/** Makes a LevelDB, or goes on with the one that is there, for the sake of its lock; null if somebody else has it. */
export async function holdLevel(directory: string): Promise<{ close(): Promise<void> } | null> {
  const database = new ClassicLevel(directory, {
    writeBufferSize: 65_536,
    cacheSize: 0,
    multithreading: true,
  })
  try {
    await database.open()
  } catch (error) {
    if (codesOf(error).includes('LEVEL_LOCKED')) return null
    throw error
  }
  return database
}

import { isDeepStrictEqual } from 'node:util'
import { isColumbaError } from '../../src/errors.js'
import { dumpStore } from '../../src/model-checking/dump-store.js'
import { openCrashStore, variantNamed } from '../crash/crash-store.js'

export const variant = variantNamed('several generations in one segment')
export const users = ['ann', 'bob', 'cid', 'dan']

/**
 * What users get from a store that may be damaged: the same as ever, a refusal, or another answer that `verify` tells of.
 * `expected` is what `dumpStore` says of it undamaged.
 */
export async function damagedAnswer(location: string, expected: unknown): Promise<string> {
  try {
    const store = await openCrashStore({ location, variant })
    try {
      // Where LevelDB has lost a row that another one names, users may hear that there is no such thing.
      const found = await dumpStore(store, users).catch((error: unknown) => {
        if (!isColumbaError(error) || error.code === 'CORRUPT') throw error
        return error.code
      })
      if (isDeepStrictEqual(found, expected)) return 'the same'
      const { recovery } = await store.admin.stats()
      if (recovery.tornBytes > 0) return 'told by recovery'
      return (await store.admin.verify()).ok ? 'WRONG' : 'told by verify'
    } finally {
      await store.close().catch(() => undefined)
    }
  } catch (error) {
    return isColumbaError(error) ? error.code : `UNTYPED ${String(error)}`
  }
}

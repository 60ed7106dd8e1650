import { isDeepStrictEqual } from 'node:util'
import type { LocalMessageStore } from '../../src/api/message-store.js'
import { isColumbaError } from '../../src/errors.js'
import { dumpStore } from '../../src/model-checking/dump-store.js'
import { openCrashStore, variantNamed } from '../crash/crash-store.js'

export const variant = variantNamed('several generations in one segment')
export const users = ['ann', 'bob', 'cid', 'dan']

/** Opens a store, sends the messages of these numbers, and closes it. */
export async function fill(location: string, from: number, to: number): Promise<void> {
  const store = await openCrashStore({ location, variant })
  await send(store, from, to)
  await store.close()
}

export async function send(store: LocalMessageStore, from: number, to: number): Promise<void> {
  for (let n = from; n < to; n += 20) {
    await Promise.all(
      Array.from({ length: 20 }, (_, i) => {
        const sender = users[(n + i) % 4] as string
        const receiver = users[(n + i * 3 + 1) % 4] as string
        return store.sendMessage({
          sender,
          receiver,
          id: String(n + i),
          text: `message ${n + i} `.repeat(12),
        })
      }),
    )
  }
}

/** What users see of a store that is whole. */
export async function wholeAnswer(location: string): Promise<unknown> {
  const store = await openCrashStore({ location, variant })
  try {
    return await dumpStore(store, users)
  } finally {
    await store.close()
  }
}

/**
 * What users get from a store that may be damaged: the same as ever, a refusal, or another answer that `verify` tells of.
 * `expected` is what `dumpStore` says of it undamaged; `meanwhile` goes between the opening and the first read.
 */
export async function damagedAnswer(
  location: string,
  expected: unknown,
  meanwhile?: () => Promise<void>,
): Promise<string> {
  try {
    const store = await openCrashStore({ location, variant, settings: { shards: undefined } })
    try {
      await meanwhile?.()
      // Where LevelDB has lost a row that another one names, users may hear that there is no such thing.
      const found = await dumpStore(store, users).catch((error: unknown) => {
        if (!isColumbaError(error) || error.code === 'CORRUPT') throw error
        return error.code
      })
      if (isDeepStrictEqual(found, expected)) return 'the same'
      // Rows may be lost and be told of, but no message is ever another one than was sent.
      const sent = messagesIn(expected)
      if ([...messagesIn(found)].some((message) => !sent.has(message))) return 'ANOTHER MESSAGE'
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

/** All messages in what `dumpStore` says, each as one text. */
function messagesIn(dump: unknown, into = new Set<string>()): Set<string> {
  if (typeof dump !== 'object' || dump === null) return into
  if ('seq' in dump && 'text' in dump) into.add(JSON.stringify(dump, Object.keys(dump).sort()))
  else for (const part of Object.values(dump)) messagesIn(part, into)
  return into
}

import { setTimeout as sleep } from 'node:timers/promises'
import type { LocalMessageStore } from '../../src/api/message-store.js'
import type { CrashVariant } from './crash-store.js'

const KiB = 1024

/** Generations as large as the flush thread gets them in a store that is used as it comes, and few messages in each. */
export const largeTalk: CrashVariant = {
  name: 'large generations',
  settings: { shards: 2 },
  tuning: {
    generationBytes: 600 * KiB,
    checkpointBytes: 1200 * KiB,
    segmentBytes: 2048 * KiB,
    writeBufferBytes: 64 * KiB,
    tidyFiles: 3,
    tidyRestMs: 1,
  },
}

/** So slow that whatever comes meanwhile meets a merge. */
export const slowTidy = { ...largeTalk, tuning: { ...largeTalk.tuning, tidyRestMs: 400 } }

/** Resolves when a merge of body files is under way. */
export async function merging(store: LocalMessageStore): Promise<void> {
  for (;;) {
    const { bodies } = await store.admin.stats()
    if (bodies.merging) return
    await sleep(1)
  }
}

export const messagesPerWave = 64
const users = ['ann', 'bob', 'cid', 'dan', 'eve']

/** The same number is the same message in every process. */
export function largeMessage(n: number) {
  const sender = users[n % 5] as string
  const receiver = users[(n * 3 + 1) % 5] as string
  return { sender, receiver, id: String(n), text: `${n} `.repeat(900) }
}

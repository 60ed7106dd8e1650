import type { CrashVariant } from '../crash/crash-store.js'

const KiB = 1024

/** One shard, whose rows come to LevelDB every few messages and fill its memory before there is a checkpoint. */
export const rowsFillMemory: CrashVariant = {
  name: 'rows that fill the memory of LevelDB',
  settings: { shards: 1 },
  tuning: {
    generationBytes: 8 * KiB,
    segmentBytes: 1024 * KiB,
    chunkBytes: 64 * KiB,
    checkpointBytes: 1024 * KiB,
    writeBufferBytes: 64 * KiB,
  },
}

/** Each to somebody else: that makes more rows. */
export const messageOf = (n: number) => ({
  sender: 'ann',
  receiver: `user ${n}`,
  id: String(n),
  text: `text ${n}`,
})

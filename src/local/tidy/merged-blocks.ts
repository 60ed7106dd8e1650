import type { BlockStream } from './block-stream.js'
import { Joiner } from './joiner.js'

/**
 * The blocks of several files as those of one: in the order of conversations, neighbours joined. `streams` are in the
 * order of their generations. Each file is read once, from end to end.
 */
export async function* mergedBlocks(streams: readonly BlockStream[]): AsyncGenerator<Buffer, void> {
  const joiner = new Joiner()
  for (let from = least(streams); from !== null; from = least(streams)) {
    const done = await from.use((block) => joiner.add(block))
    await from.next()
    if (done !== null) yield done
  }
  const last = joiner.end()
  if (last !== null) yield last
}

/** The oldest stream of those that are at the least conversation. */
function least(streams: readonly BlockStream[]): BlockStream | null {
  let found: BlockStream | null = null
  let lowest = ''
  for (const stream of streams) {
    if (stream.peek === null) continue
    const { conversation } = stream.peek
    if (found !== null && conversation >= lowest) continue
    found = stream
    lowest = conversation
  }
  return found
}

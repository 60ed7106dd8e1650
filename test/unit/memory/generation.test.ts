import { expect, test } from 'vitest'
import { Generation } from '../../../src/local/memory/generation.js'
import { LiveGenerations } from '../../../src/local/memory/live-generations.js'

/** Live generations, the first one's bytes, and what has been let go of, in order. */
function filled() {
  const gone: string[] = []
  const first = new Generation(0, 0, () => gone.push('generation'))
  first.useChunk({ bytes: Buffer.alloc(8), retain: () => undefined, release: () => gone.push('bytes') })
  return { first, live: new LiveGenerations(first), gone }
}

test('a generation that is flushed goes at once, and its bytes with it, if no reader holds it', () => {
  const { first, live, gone } = filled()
  live.flushed(first)
  expect(gone).toEqual(['generation', 'bytes'])
})

test('a generation that is flushed stays, and so do its bytes, until the last reader has let go of it', () => {
  const { first, live, gone } = filled()
  const reads = [live.beginRead(), live.beginRead()] as const
  live.flushed(first)
  expect([gone, first.chunkCount]).toEqual([[], 1])
  live.endRead(reads[0])
  expect([gone, first.chunkCount]).toEqual([[], 1])
  live.endRead(reads[1])
  expect(gone).toEqual(['generation', 'bytes'])
})

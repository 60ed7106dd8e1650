import { describe, expect, test } from 'vitest'
import { sipHash53 } from '../../../src/formats/sip-hash.js'
import { Ring } from '../../../src/local/ring/ring.js'

const secret = Uint8Array.from({ length: 16 }, (_, index) => index * 7)
const ring = (shards: number, virtualNodes = 128) => new Ring({ secret, shards, virtualNodes })

/** Ids that a weak hash would throw together. */
const kinds: Record<string, (index: number) => string> = {
  numbers: (index) => String(index),
  'a long common beginning': (index) => `${'user-'.repeat(40)}${index}`,
  'a long common end': (index) => `${index}${'@example.org'.repeat(15)}`,
  'multiples of a power of two': (index) => String.fromCodePoint(0x10000 + ((index * 64) % 0xf0000)) + index,
  'zeroes of different lengths and a number': (index) => '\0'.repeat(index % 200) + String(index),
}

const eight = 8
/** 7 degrees of freedom: beyond it in one of 100,000 cases, and the secret is fixed. */
const mostByChance = 35

/** How far the ids are from falling on the shards as the arcs say. */
function chiSquareOf(one: Ring, ids: readonly string[]): number {
  const counts = Array.from({ length: eight }, () => 0)
  for (const id of ids) counts[one.shardOf(id)]!++
  return counts.reduce((sum, count, shard) => {
    const expected = one.share(shard) * ids.length
    return sum + (count - expected) ** 2 / expected
  }, 0)
}

describe('balance', () => {
  test.each(Object.entries(kinds))('%s: the ids fall as the arcs say', (_kind, id) => {
    const ids = Array.from({ length: 100_000 }, (_, index) => id(index))
    expect(chiSquareOf(ring(eight), ids)).toBeLessThan(mostByChance)
  })

  test('ids that somebody has made for one shard fall as the arcs say where the secret is another', () => {
    const known = new Ring({ secret: secret.map((byte) => byte ^ 0x5a), shards: eight, virtualNodes: 128 })
    const aimed = Array.from({ length: 200_000 }, (_, index) => `u${index}`).filter(
      (id) => known.shardOf(id) === 5,
    )
    expect(aimed.length).toBeGreaterThan(15_000)
    expect(chiSquareOf(known, aimed)).toBeGreaterThan(100 * mostByChance)
    expect(chiSquareOf(ring(eight), aimed)).toBeLessThan(mostByChance)
  })

  test.each([2, 3, 8, 32])('%i shards share the circle nearly evenly', (shards) => {
    const one = ring(shards)
    const shares = Array.from({ length: shards }, (_, shard) => one.share(shard) * shards)
    expect(shares.reduce((sum, share) => sum + share, 0)).toBeCloseTo(shards)
    // The spread of an arc's share is about 1/√128, 9 %.
    expect(Math.min(...shares)).toBeGreaterThan(0.65)
    expect(Math.max(...shares)).toBeLessThan(1.35)
  })
})

test.each([1, 2, 7])('one shard more than %i takes its part and moves nothing else', (shards) => {
  const before = ring(shards)
  const after = ring(shards + 1)
  const ids = 20_000
  let moved = 0
  for (let index = 0; index < ids; index++) {
    const [old, now] = [before.shardOf(`u${index}`), after.shardOf(`u${index}`)]
    if (old === now) continue
    moved++
    expect(now).toBe(shards)
  }
  expect(moved / ids).toBeGreaterThan(0.75 / (shards + 1))
  expect(moved / ids).toBeLessThan(1.25 / (shards + 1))
})

test('another secret is another ring', () => {
  const one = ring(2)
  const other = new Ring({ secret: secret.map((byte) => byte ^ 1), shards: 2, virtualNodes: 128 })
  const same = Array.from({ length: 2000 }, (_, index) => `u${index}`).filter(
    (id) => one.shardOf(id) === other.shardOf(id),
  )
  expect(same.length).toBeGreaterThan(800)
  expect(same.length).toBeLessThan(1200)
})

test('the caller keeps the buffer of the secret', () => {
  const given = Uint8Array.from(secret)
  const one = new Ring({ secret: given, shards: 16, virtualNodes: 16 })
  const before = one.shardOf('ada')
  given.fill(0)
  expect(one.shardOf('ada')).toBe(before)
})

test('longer ids than the limit work too', () => {
  expect(ring(4).shardOf('x'.repeat(10_000))).toBeLessThan(4)
})

test.each([
  [1, 1],
  [2, 128],
  [7, 33],
  [256, 16],
  [3, 4096],
])('%i shards with %i points each: all lie where their hashes say', (shards, virtualNodes) => {
  const points = Array.from({ length: shards * virtualNodes }, (_, index) => {
    const shard = Math.floor(index / virtualNodes)
    const name = Buffer.alloc(9, 0xff)
    name.writeUInt32BE(shard, 1)
    name.writeUInt32BE(index % virtualNodes, 5)
    return { hash: sipHash53(secret, name), shard }
  }).sort((a, b) => a.hash - b.hash || a.shard - b.shard)
  const one = ring(shards, virtualNodes)
  const shares = Array.from({ length: shards }, () => 0)
  for (const [index, { hash, shard }] of points.entries())
    shares[shard]! += hash - (points[index - 1]?.hash ?? points.at(-1)!.hash - 2 ** 53)
  expect(shares.map((_, shard) => one.share(shard))).toEqual(shares.map((sum) => sum / 2 ** 53))
  for (let index = 0; index < 200; index++) {
    const hash = sipHash53(secret, Buffer.from(`u${index}`))
    const { shard } = points.find((point) => point.hash >= hash) ?? points[0]!
    expect(one.shardOf(`u${index}`)).toBe(shard)
  }
})

// Rows lie where these say. A change here would lose every store that exists.
test('golden vectors', () => {
  const ids = ['ada', 'bob', '', '\0', '../x', '__proto__', '😀', 'ä', 'd.abc', 'x'.repeat(256)]
  expect(ids.map((id) => ring(2).shardOf(id))).toEqual([0, 0, 0, 1, 1, 0, 1, 0, 1, 0])
  expect(ids.map((id) => ring(16, 32).shardOf(id))).toEqual([3, 15, 2, 8, 1, 15, 11, 3, 2, 10])
  expect(ids.map((id) => ring(256, 8).shardOf(id))).toEqual([93, 15, 64, 200, 184, 54, 30, 235, 41, 207])
})

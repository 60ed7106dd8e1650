import { sipHash53 } from '../../formats/sip-hash.js'

export interface RingOptions {
  /** 16 random bytes, for the life of the store. Never in statistics, errors or logs. */
  readonly secret: Uint8Array
  readonly shards: number
  /** Points of each shard on the ring. */
  readonly virtualNodes: number
}

const circle = 2 ** 53
/** With a hash of 53 bits a shard's number of 11 makes 64: up to 2,048 shards. */
const shardBits = 11n

/**
 * Consistent hashing with virtual nodes (Karger et al., 1997; the points as in Dynamo): every shard has many points on a
 * circle, and an id belongs to the shard of the first point at or behind its own hash. One more shard takes about
 * 1/(N + 1) of the ids, all of them to itself, and moves no other.
 *
 * The hash is keyed, so nobody outside can make ids that meet on one shard. What the ring says depends on its options
 * alone; it has to stay as it is for ever, because the rows lie where it said (golden vectors in the tests).
 */
export class Ring {
  readonly shards: number
  readonly #secret: Uint8Array
  /** Ascending; `#owners[i]` is the shard of the point `#points[i]`. */
  readonly #points: Float64Array
  readonly #owners: Uint16Array
  /** Three bytes hold any UTF-16 unit, so ids up to the limit of 256 bytes never need more. */
  readonly #scratch = Buffer.alloc(3 * 256)

  constructor(options: RingOptions) {
    this.shards = options.shards
    this.#secret = Uint8Array.from(options.secret)
    const points = allPoints(this.#secret, options)
    this.#points = new Float64Array(points.length)
    this.#owners = new Uint16Array(points.length)
    for (const [index, point] of points.entries()) {
      this.#points[index] = Number(point >> shardBits)
      this.#owners[index] = Number(BigInt.asUintN(Number(shardBits), point))
    }
  }

  /** The shard, 0 … shards − 1, of a user or of a conversation. About a microsecond. */
  shardOf(id: string): number {
    if (this.shards === 1) return 0
    return this.#owners[this.#firstAtOrBehind(this.#hash(id))]!
  }

  /** The part of the circle that belongs to a shard, 0 … 1: how many of very many ids it gets. */
  share(shard: number): number {
    let sum = 0
    let before = this.#points.at(-1)! - circle
    for (let index = 0; index < this.#points.length; index++) {
      const point = this.#points[index]!
      if (this.#owners[index] === shard) sum += point - before
      before = point
    }
    return sum / circle
  }

  #hash(id: string): number {
    if (id.length * 3 > this.#scratch.byteLength) return sipHash53(this.#secret, Buffer.from(id))
    return sipHash53(this.#secret, this.#scratch, this.#scratch.write(id))
  }

  #firstAtOrBehind(hash: number): number {
    let from = 0
    let to = this.#points.length
    while (from < to) {
      const middle = (from + to) >>> 1
      if (this.#points[middle]! < hash) from = middle + 1
      else to = middle
    }
    return from === this.#points.length ? 0 : from
  }
}

/**
 * Hash and shard in one number each, ordered by hash; should two shards meet in one point, the lower one has it. Numbers, because
 * sorting a million objects takes seconds.
 */
function allPoints(secret: Uint8Array, { shards, virtualNodes }: RingOptions): BigUint64Array {
  // FF is no byte of UTF-8: the hash of a point is never the hash of an id.
  const name = Buffer.alloc(9, 0xff)
  const points = new BigUint64Array(shards * virtualNodes)
  for (let shard = 0; shard < shards; shard++) {
    name.writeUInt32BE(shard, 1)
    for (let node = 0; node < virtualNodes; node++) {
      name.writeUInt32BE(node, 5)
      points[shard * virtualNodes + node] = (BigInt(sipHash53(secret, name)) << shardBits) | BigInt(shard)
    }
  }
  return points.sort()
}

import { addToBloom, mayBeInBloom } from './bloom.js'

const bitsPerHash = 12
const probes = 6
/** Capacities are powers of two from here on, so that filters fit into slots of few sizes. */
const smallestCapacity = 32

/** An array of its own outside of V8's heap, and what stands for it inside. */
const overheadBytes = 250

/** The capacity of a filter that takes half as many hashes again. */
export function capacityFor(count: number): number {
  let capacity = smallestCapacity
  while (capacity < 1.5 * count) capacity *= 2
  return capacity
}

/**
 * A filter that tells which 32-bit hashes were certainly never added; filled to its capacity it takes one stranger of 270 for a
 * known one.
 */
export class HashFilter {
  /** Most hashes it is good for: with more it takes too many strangers for known ones. */
  readonly capacity: number
  readonly bits: Uint8Array
  count = 0

  /** `capacity`: 32 × 2^n, of which the bits are 48 × 2^n bytes. */
  constructor(capacity: number, bits: Uint8Array = new Uint8Array((capacity * bitsPerHash) / 8)) {
    this.capacity = capacity
    this.bits = bits
  }

  /** One that there was, of its bits, which are not copied. */
  static of(bits: Uint8Array, count: number): HashFilter {
    const filter = new HashFilter((bits.length * 8) / bitsPerHash, bits)
    filter.count = count
    return filter
  }

  get bytes(): number {
    return overheadBytes + this.bits.length
  }

  add(hash: number): void {
    this.count++
    addToBloom(this.bits, probes, hash, second(hash))
  }

  mayHave(hash: number): boolean {
    return mayBeInBloom(this.bits, probes, hash, second(hash))
  }
}

function second(hash: number): number {
  return Math.imul(hash ^ (hash >>> 15), 0x9e3779b1) | 1
}

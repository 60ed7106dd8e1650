/**
 * Bloom filters (Bloom 1970), with the probes of a key worked out from two hashes of it (Kirsch and Mitzenmacher 2006). `second`
 * must be odd where the number of bits may be even.
 */

export function addToBloom(bits: Uint8Array, probes: number, first: number, second: number): void {
  const size = bits.length * 8
  for (let i = 0; i < probes; i++) {
    const bit = ((first + Math.imul(i, second)) >>> 0) % size
    bits[bit >>> 3] = (bits[bit >>> 3] as number) | (1 << (bit & 7))
  }
}

/** False only if the key was never added. */
export function mayBeInBloom(bits: Uint8Array, probes: number, first: number, second: number): boolean {
  const size = bits.length * 8
  for (let i = 0; i < probes; i++) {
    const bit = ((first + Math.imul(i, second)) >>> 0) % size
    if (((bits[bit >>> 3] as number) & (1 << (bit & 7))) === 0) return false
  }
  return true
}

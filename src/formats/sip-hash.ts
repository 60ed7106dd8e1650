/**
 * SipHash-2-4 (Aumasson and Bernstein, 2012): a keyed hash of short strings. Who does not know the key cannot choose
 * inputs that fall together. Node has none; in plain JavaScript it takes well under a microsecond for an id, less than
 * one call into `node:crypto`.
 *
 * 64-bit words are pairs of 32-bit integers, high and low. The state lives in one typed array: the functions here run to
 * their end without awaiting anything, so it can be shared.
 */
export const sipKeyBytes = 16

/** v0 … v3, each as low, high. */
const state = new Int32Array(8)
const initial = [
  0x70736575, 0x736f6d65, 0x6e646f6d, 0x646f7261, 0x6e657261, 0x6c796765, 0x79746573, 0x74656462,
]

/** Adds v[b] to v[a], rotates v[b] left by `bits` (below 32) and mixes the sum into it: half of a half round. */
function mix(a: number, b: number, bits: number): void {
  const aLow = state[a]! >>> 0
  const bLow = state[b]!
  const bHigh = state[b + 1]!
  const low = aLow + (bLow >>> 0)
  const sumLow = low | 0
  const sumHigh = (state[a + 1]! + bHigh + (low > 0xffff_ffff ? 1 : 0)) | 0
  state[a] = sumLow
  state[a + 1] = sumHigh
  state[b] = ((bLow << bits) | (bHigh >>> (32 - bits))) ^ sumLow
  state[b + 1] = ((bHigh << bits) | (bLow >>> (32 - bits))) ^ sumHigh
}

/** Rotates v[a] left by 32: swaps its halves. */
function swap(a: number): void {
  const low = state[a]!
  state[a] = state[a + 1]!
  state[a + 1] = low
}

function rounds(count: number): void {
  for (let round = 0; round < count; round++) {
    mix(0, 2, 13)
    swap(0)
    mix(4, 6, 16)
    mix(0, 6, 21)
    mix(4, 2, 17)
    swap(4)
  }
}

function absorb(low: number, high: number): void {
  state[6] = state[6]! ^ low
  state[7] = state[7]! ^ high
  rounds(2)
  state[0] = state[0]! ^ low
  state[1] = state[1]! ^ high
}

function run(key: Uint8Array, data: Uint8Array, length: number): void {
  if (key.byteLength !== sipKeyBytes) throw new RangeError('a SipHash key has 16 bytes')
  for (let half = 0; half < 4; half++) {
    const word = littleEndian(key, half * 4)
    state[half] = initial[half]! ^ word
    state[half + 4] = initial[half + 4]! ^ word
  }
  const whole = length - (length % 8)
  for (let at = 0; at < whole; at += 8) absorb(littleEndian(data, at), littleEndian(data, at + 4))
  let low = 0
  let high = (length & 0xff) << 24
  for (let rest = length - 1; rest >= whole; rest--) {
    const place = rest - whole
    if (place < 4) low |= data[rest]! << (place * 8)
    else high |= data[rest]! << ((place - 4) * 8)
  }
  absorb(low, high)
  state[4] = state[4]! ^ 0xff
  rounds(4)
}

function littleEndian(bytes: Uint8Array, at: number): number {
  return bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)
}

const low = (): number => (state[0]! ^ state[2]! ^ state[4]! ^ state[6]!) >>> 0
const high = (): number => (state[1]! ^ state[3]! ^ state[5]! ^ state[7]!) >>> 0

/**
 * The upper 53 of the 64 bits for the first `length` bytes of `data`, under a key of 16 bytes: a number is exact up to
 * there, compares with `<`, and needs no BigInt.
 */
export function sipHash53(key: Uint8Array, data: Uint8Array, length = data.byteLength): number {
  run(key, data, length)
  return high() * 0x20_0000 + (low() >>> 11)
}

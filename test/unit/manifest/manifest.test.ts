import { crc32 } from 'node:zlib'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { decodeManifest, encodeManifest, type Manifest } from '../../../src/formats/manifest.js'
import { thrownBy } from '../../fixtures/thrown-by.js'

const id = fc.uint8Array({ minLength: 16, maxLength: 16 })
const number = fc.maxSafeNat()
const manifests: fc.Arbitrary<Manifest> = fc.record({
  storeId: id,
  epoch: fc.nat({ max: 0xffff_ffff }),
  createdAt: number,
  lastTimestamp: number,
  checkpoint: number,
  clean: fc.boolean(),
  created: fc.boolean(),
  lossy: fc.boolean(),
  ringSecret: id,
  virtualNodes: fc.integer({ min: 1, max: 65_536 }),
  shardIds: fc.array(id, { minLength: 1, maxLength: 256 }),
})

const example = (): Buffer => encodeManifest(fc.sample(manifests, { numRuns: 1, seed: 7 })[0]!)

test('a round trip', () => {
  fc.assert(
    fc.property(manifests, (manifest) => {
      expect(decodeManifest(encodeManifest(manifest), 'MANIFEST')).toEqual(manifest)
    }),
    { numRuns: 50 },
  )
})

test('every flipped bit is refused, with file and offset', () => {
  const bytes = encodeManifest({
    ...decodeManifest(example(), 'm'),
    shardIds: [new Uint8Array(16), new Uint8Array(16)],
  })
  for (let bit = 0; bit < bytes.byteLength * 8; bit++) {
    bytes[bit >> 3]! ^= 1 << (bit & 7)
    expect(thrownBy(() => decodeManifest(bytes, '/store/MANIFEST'))).toMatchObject({
      code: 'CORRUPT',
      details: { file: '/store/MANIFEST', offset: expect.any(Number) },
    })
    bytes[bit >> 3]! ^= 1 << (bit & 7)
  }
  decodeManifest(bytes, 'm')
})

test('every other length is refused', () => {
  const bytes = example()
  for (let length = 0; length < bytes.byteLength; length++) {
    expect(thrownBy(() => decodeManifest(bytes.subarray(0, length), 'm'))).toMatchObject({ code: 'CORRUPT' })
  }
  const longer = Buffer.concat([bytes, Buffer.alloc(1)])
  expect(thrownBy(() => decodeManifest(longer, 'm'))).toMatchObject({ code: 'CORRUPT' })
})

/** A whole file of whatever content, with the right checksum. */
function resealed(bytes: Buffer, change: (bytes: Buffer) => void): Buffer {
  change(bytes)
  bytes.writeUInt32LE(crc32(bytes.subarray(0, -4)), bytes.byteLength - 4)
  return bytes
}

test.each([1, 3])('version %d is incompatible, not damaged', (found) => {
  const other = resealed(example(), (bytes) => bytes.writeUInt32LE(found, 8))
  expect(thrownBy(() => decodeManifest(other, 'm'))).toMatchObject({
    code: 'INCOMPATIBLE',
    details: { file: 'm', found, supported: 2 },
  })
})

test.each([
  ['flags', 36, 8],
  ['no virtual nodes', 80, 0],
  ['too many virtual nodes', 80, 65_537],
  ['no shards', 84, 0],
  ['more shards than ids', 84, 250],
  ['a time beyond the safe integers', 44, 0x20_0000],
])('%s that cannot be are refused in spite of the checksum', (_, offset, value) => {
  const bytes = resealed(example(), (into) => into.writeUInt32LE(value, offset))
  expect(thrownBy(() => decodeManifest(bytes, 'm'))).toMatchObject({ code: 'CORRUPT' })
})

test('golden bytes', () => {
  const bytes = encodeManifest({
    storeId: new Uint8Array(16).fill(1),
    epoch: 2,
    createdAt: 3,
    lastTimestamp: 4,
    checkpoint: 5,
    clean: true,
    created: true,
    lossy: false,
    ringSecret: new Uint8Array(16).fill(6),
    virtualNodes: 128,
    shardIds: [new Uint8Array(16).fill(7)],
  })
  expect(bytes.toString('hex')).toBe(
    [
      '434f4c554d42414d0200000058000000',
      '010101010101010101010101010101010200000003000000',
      '030000000000000004000000000000000500000000000000',
      '060606060606060606060606060606068000000001000000',
      '0707070707070707070707070707070763f34dba',
    ].join(''),
  )
})

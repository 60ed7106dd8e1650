import fc from 'fast-check'
import type {
  ContactRow,
  DirectHead,
  GroupImage,
  GroupRow,
  MarksRow,
  MembershipRow,
} from '../../../src/formats/record-parts.js'
import type { PlainRecord } from '../../../src/formats/records.js'

/** A whole number as formats store it: often small, sometimes at an edge of a varint, up to 2^53 − 1. */
export const numbers = fc.oneof(
  fc.nat(300),
  fc.constantFrom(0, 127, 128, 16_383, 16_384, 2 ** 31, 2 ** 32, 2 ** 48 - 1, Number.MAX_SAFE_INTEGER),
  fc.maxSafeNat(),
)

/** A number of 48 bits: seqs and positions in keys, times in records. */
export const numbers48 = fc.oneof(fc.nat(300), fc.constantFrom(0, 2 ** 32, 2 ** 48 - 1), fc.nat(2 ** 48 - 1))

const letters = fc.constantFrom('a', 'b', '\0', '\x01', 'ÿ', 'é', '€', '😀', '\uffff', '\ufeff')

/** Ids of 1 to 256 bytes; many are beginnings of others, and many hold zero bytes. */
export const ids = fc.oneof(
  { weight: 4, arbitrary: fc.array(letters, { minLength: 1, maxLength: 6 }).map((parts) => parts.join('')) },
  fc
    .string({ unit: 'grapheme', minLength: 1, maxLength: 40 })
    .filter((id) => id !== '' && Buffer.byteLength(id) <= 256),
  fc.constantFrom('a'.repeat(256), '\0'.repeat(256), '€'.repeat(85)),
  fc
    .uint8Array({ minLength: 21, maxLength: 21 })
    .map((digest) => `d.${Buffer.from(digest).toString('base64url')}`),
)

export const texts = fc.string({ unit: 'grapheme', maxLength: 60 })
const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined })

export const marksRows: fc.Arbitrary<MarksRow> = fc.record({
  read: numbers,
  delivered: numbers,
  ownAtRead: numbers,
  readAt: numbers,
  deliveredAt: numbers,
})

export const contactRows: fc.Arbitrary<ContactRow> = fc.record({
  listed: fc.boolean(),
  alias: maybe(texts),
  blocked: fc.boolean(),
})

export const directHeads: fc.Arbitrary<DirectHead> = fc.record({
  head: numbers,
  n0: numbers,
  position: numbers,
  timestamp: numbers,
  firstBlocked: fc.boolean(),
  secondBlocked: fc.boolean(),
})

export const groupRows: fc.Arbitrary<GroupRow> = fc.record({
  title: maybe(texts),
  creator: ids,
  owner: fc.option(ids),
  createdAt: numbers,
  createdAs: texts,
  memberCount: numbers,
  lastOrdinal: numbers,
  large: fc.boolean(),
  position: numbers,
})

export const membershipRows: fc.Arbitrary<MembershipRow> = fc.record({
  user: ids,
  intervals: fc.array(fc.record({ from: numbers, to: fc.option(fc.nat(2 ** 40)) }), { maxLength: 4 }),
  ordinal: numbers,
  ownAtJoin: numbers,
  joined: numbers,
  joinedBefore: fc.array(numbers, { maxLength: 3 }),
  joinedAt: numbers,
  place: numbers,
  left: fc.option(fc.record({ title: maybe(texts), memberCount: numbers })),
  position: numbers,
})

const images: fc.Arbitrary<GroupImage | null> = fc.option(
  fc.record({
    previous: numbers,
    members: fc.array(fc.record({ user: ids, previous: numbers }), { maxLength: 4 }),
  }),
)

const time = numbers48
const kind = <K extends PlainRecord['kind']>(name: K) => fc.constant(name)

export const plainRecords: fc.Arbitrary<PlainRecord> = fc.oneof(
  fc.record({
    kind: kind('groupMarks'),
    time,
    user: ids,
    conversation: ids,
    marks: marksRows,
  }),
  fc.record({
    kind: kind('block'),
    time,
    blocker: ids,
    other: ids,
    contact: contactRows,
    head: directHeads,
    previous: numbers,
  }),
  fc.record({
    kind: kind('create'),
    time,
    conversation: ids,
    group: groupRows,
    members: fc.array(ids, { maxLength: 5 }),
  }),
  fc.record({
    kind: kind('join'),
    time,
    conversation: ids,
    group: groupRows,
    image: images,
    joined: fc.array(fc.record({ membership: membershipRows, previous: numbers }), { maxLength: 3 }),
    becameLarge: fc.boolean(),
  }),
  fc.record({
    kind: kind('leave'),
    time,
    conversation: ids,
    group: groupRows,
    image: images,
    membership: membershipRows,
  }),
  fc.record({ kind: kind('rename'), time, conversation: ids, group: groupRows, image: images }),
  fc.record({ kind: kind('user'), time, user: ids, name: texts, profile: maybe(texts) }),
  fc.record({ kind: kind('contact'), time, user: ids, other: ids, contact: contactRows }),
  fc.record({ kind: kind('cut'), time }),
)

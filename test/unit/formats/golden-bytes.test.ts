import { expect, test } from 'vitest'
import { BlockWriter } from '../../../src/formats/block.js'
import { bodyFileOf, encodeBodyHeader } from '../../../src/formats/body-file.js'
import { ByteWriter } from '../../../src/formats/bytes.js'
import { encodeChanges } from '../../../src/formats/change-list.js'
import { writeDirectImage } from '../../../src/formats/direct-image.js'
import { writeDirectMarks } from '../../../src/formats/direct-marks.js'
import { encodeFilter, layerBytes } from '../../../src/formats/filter-file.js'
import { emptyFrame, frameTypes } from '../../../src/formats/frames.js'
import { encodeListCopy } from '../../../src/formats/list-copy.js'
import { bodyRoom, writeBody } from '../../../src/formats/message-body.js'
import { writePacked } from '../../../src/formats/packed-conversation.js'
import type { GroupImage, GroupRow, MembershipRow } from '../../../src/formats/record-parts.js'
import { writeImage } from '../../../src/formats/record-parts.js'
import { encodeRecord, flags, recordKinds, writeMessageHead } from '../../../src/formats/records.js'
import { rows } from '../../../src/formats/rows.js'
import { encodeSegmentHeader } from '../../../src/formats/segment.js'
import { encodeIdentity, encodeShardCheckpoint } from '../../../src/formats/shard-identity.js'
import { encodeToken } from '../../../src/formats/token.js'
import type { MessageDraft } from '../../../src/model/message.js'
import type { PackedConversation } from '../../../src/formats/packed-conversation.js'

// What is written is read by what was written before and comes after: of each record, row and file one, byte by byte. Whoever
// has to change one here changes what stores are made of, and the version of the formats with it.

const storeId = Uint8Array.from({ length: 16 }, (_, index) => index + 1)
const direct = `d.${'A'.repeat(27)}B`
const time = 1_700_000_000_000

const contact = { listed: true, alias: 'Al', blocked: true }
const head = { head: 300, n0: 2, position: 70_000, timestamp: time, firstBlocked: true, secondBlocked: false }
const marks = { read: 3, delivered: 300, ownAtRead: 1, readAt: 70_000, deliveredAt: 5 }
const group: GroupRow = {
  title: 'Ü',
  creator: 'a',
  owner: null,
  createdAt: time,
  createdAs: '{}',
  memberCount: 2,
  lastOrdinal: 300,
  large: true,
  position: 7,
}
const membership: MembershipRow = {
  user: 'b',
  intervals: [
    { from: 1, to: 0 },
    { from: 300, to: null },
  ],
  ordinal: 2,
  ownAtJoin: 1,
  joined: 9,
  joinedBefore: [4],
  joinedAt: time,
  place: 8,
  left: { title: 'T', memberCount: 5 },
  position: 10,
}
const image: GroupImage = { previous: 6, members: [{ user: 'b', previous: 300 }] }

/** A message as a sender gives it, with everything that may be in it. */
const draft = {
  sender: 'a',
  id: `~~.${'m'.repeat(254)}`,
  deviceId: 'p',
  sentAt: time,
  text: 'hé',
  attributes: '{"a":1}',
} as unknown as MessageDraft

function bodyOf(given: MessageDraft): Buffer {
  const bytes = Buffer.alloc(bodyRoom(given))
  return bytes.subarray(0, writeBody(given, bytes, 0))
}
const small = bodyOf({ sender: 'a', id: 'm', text: 'hi' } as MessageDraft)

function message(
  kind: 'directMessage' | 'groupMessage',
  bits: number,
  tail: (bytes: Buffer, at: number) => number,
): Buffer {
  const bytes = Buffer.alloc(1024)
  const at = writeMessageHead(bytes, 0, recordKinds[kind], time, bits, 300, 2, 'a', 'b')
  return bytes.subarray(0, tail(bytes, at))
}

function written(write: (to: ByteWriter) => void): Buffer {
  const to = new ByteWriter(64)
  write(to)
  return to.finish()
}

function marksRecord(side: 0 | 1, by: 'read' | 'delivered', name: string | null): Buffer {
  const bytes = Buffer.alloc(1024)
  return bytes.subarray(0, writeDirectMarks(bytes, 0, time, side, by, marks, 'a', 'b', name))
}

function blockOf(conversation: string | null, senders: readonly string[], joined: readonly number[]): Buffer {
  const writer = new BlockWriter()
  writer.add(70_000, time, 0, small, 0, small.length)
  writer.add(70_002, time + 1, senders.length - 1, small, 0, small.length)
  return Buffer.from(writer.finish(conversation, 300, 1, senders, joined))
}

const packed: PackedConversation = {
  conversation: direct,
  peer: 'b',
  position: 9,
  head: 300,
  own: 2,
  timestamp: time,
  isOwn: true,
  marks,
  body: { bytes: small, start: 0, end: small.length },
} as unknown as PackedConversation
const packedBytes = written((to) => writePacked(to, packed))

const golden: readonly (readonly [name: string, bytes: () => Buffer, hex: string])[] = [
  [
    'the header of a segment',
    () =>
      encodeSegmentHeader({
        storeId,
        number: 2,
        epoch: 7,
        firstPosition: 300,
        previous: { number: 1, epoch: 6, validLength: 4096, lastPosition: 299 },
      }),
    '43424c31010000000102030405060708090a0b0c0d0e0f1002000000070000002c010000000000002b010000000000000100000006000000001000009a6a3f05',
  ],
  [
    'an idle frame',
    () => emptyFrame(7, { type: frameTypes.idle, offset: 64, firstPosition: 300, syncedOffset: 64 }),
    '43424631bb7de68440000000000000002c0100000000000040000000000000000700000002000000',
  ],
  [
    'an end frame',
    () => emptyFrame(7, { type: frameTypes.end, offset: 104, firstPosition: 300, syncedOffset: 104 }),
    '434246316a17d08168000000000000002c0100000000000068000000000000000700000003000000',
  ],
  [
    'a body with everything',
    () => bodyOf(draft),
    '0fff7e2e6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d6d00700068e5cf8b0107007b2261223a317d68c3a9',
  ],
  [
    'a body with a far time and long attributes',
    () =>
      bodyOf({
        ...draft,
        id: 'm',
        sentAt: 2 ** 50,
        attributes: JSON.stringify('x'.repeat(22_000)),
        deviceId: undefined,
      } as MessageDraft).subarray(0, 24),
    '36006d0000000000001043f2550000227878787878787878',
  ],
  [
    'a direct message',
    () =>
      message(
        'directMessage',
        flags.second | flags.firstBlocked | flags.secondBlocked,
        (bytes, at) => at + small.copy(bytes, at),
      ),
    '010068e5cf8b01192c01000000000200000000000061006200006d6869',
  ],
  [
    'a direct message with an image',
    () =>
      message('directMessage', flags.image, (bytes, at) => {
        const end = writeDirectImage(direct, 70_000, bytes, at)
        return end + small.copy(bytes, end)
      }),
    '010068e5cf8b01022c01000000000200000000000061006270110100000000000000000000000000000000000000000000000100006d6869',
  ],
  [
    'a group message with an image',
    () =>
      message('groupMessage', flags.image | flags.large, (bytes, at) => {
        const tail = written((to) => writeImage(to, image))
        return at + tail.copy(bytes, at)
      }),
    '020068e5cf8b01062c0100000000020000000000006100620106010162ac02',
  ],
  [
    'marks by reading',
    () => marksRecord(0, 'read', null),
    '0c0068e5cf8b0120030000000000010000000000006100622c0100000000050000000000',
  ],
  [
    'marks by delivery, named',
    () => marksRecord(1, 'delivered', direct),
    '0c0068e5cf8b0103030000000000010000000000006100620000000000000000000000000000000000000000012c0100000000701101000000',
  ],
  [
    'record: marks',
    () => encodeRecord({ kind: 'groupMarks', time, user: 'a', conversation: 'g', marks }),
    '030068e5cf8b010161016703ac0201f0a20405',
  ],
  [
    'record: block',
    () => encodeRecord({ kind: 'block', time, blocker: 'a', other: 'b', contact, head, previous: 300 }),
    '040068e5cf8b0101610162030102416cac0202f0a20480d095ffbc3108ac02',
  ],
  [
    'record: create',
    () =>
      encodeRecord({
        kind: 'create',
        time,
        conversation: 'g',
        group: { ...group, owner: 'a', title: undefined, large: false },
        members: ['a', 'b'],
      }),
    '050068e5cf8b01016700016101016180d095ffbc31027b7d02ac0200070201610162',
  ],
  [
    'record: join',
    () =>
      encodeRecord({
        kind: 'join',
        time,
        conversation: 'g',
        group,
        image,
        joined: [{ membership: { ...membership, left: null }, previous: 300 }],
        becameLarge: true,
      }),
    '060068e5cf8b0101670102c39c01610080d095ffbc31027b7d02ac0201070106010162ac02010162020101ac020002010980d095ffbc3108000a0104ac0201',
  ],
  [
    'record: leave',
    () => encodeRecord({ kind: 'leave', time, conversation: 'g', group, image: null, membership }),
    '070068e5cf8b0101670102c39c01610080d095ffbc31027b7d02ac020107000162020101ac020002010980d095ffbc310801010154050a0104',
  ],
  [
    'record: rename',
    () => encodeRecord({ kind: 'rename', time, conversation: 'g', group, image }),
    '080068e5cf8b0101670102c39c01610080d095ffbc31027b7d02ac0201070106010162ac02',
  ],
  [
    'record: user',
    () => encodeRecord({ kind: 'user', time, user: 'a', name: 'A', profile: '{}' }),
    '090068e5cf8b010161014101027b7d',
  ],
  [
    'record: contact',
    () =>
      encodeRecord({
        kind: 'contact',
        time,
        user: 'a',
        other: 'b',
        contact: { ...contact, alias: undefined, blocked: false },
      }),
    '0a0068e5cf8b01016101620100',
  ],
  ['record: cut', () => encodeRecord({ kind: 'cut', time }), '0b0068e5cf8b01'],
  [
    'row: head of a direct conversation',
    () => rows.directHead.encode({ peer: 'b', head }),
    '0162ac0202f0a20480d095ffbc3108',
  ],
  ['row: head in the other partition', () => rows.directHead.encode({ peer: 'a', head: null }), '0161'],
  [
    'row: head of a group',
    () => rows.groupHead.encode({ head: 300, position: 70_000, timestamp: time }),
    'ac02f0a20480d095ffbc31',
  ],
  [
    'row: list',
    () =>
      rows.directList.encode({
        peer: 'b',
        head: 300,
        n0: 2,
        timestamp: time,
        second: true,
        body: { bytes: small, start: 0, end: small.length },
      }),
    '0162ac020280d095ffbc310300006d6869',
  ],
  [
    'row: run',
    () =>
      rows.run.encode({
        file: bodyFileOf(2, 300),
        offset: 36,
        length: 70_000,
        firstSeq: 5,
        count: 2,
        firstPosition: 290,
        lastPosition: 299,
        hashes: [1, 0xfffffffe],
      }),
    'ac020224f0a2040502a2020901000000feffffff',
  ],
  ['row: own', () => rows.own.encode({ before: 300, seqs: [5, 9, 309] }), 'ac020504ac02'],
  ['row: marks', () => rows.marks.encode(marks), '03ac0201f0a20405'],
  ['row: contact', () => rows.contact.encode({ ...contact, position: 300 }), '030102416cac02'],
  ['row: group', () => rows.group.encode(group), '0102c39c01610080d095ffbc31027b7d02ac020107'],
  [
    'row: membership and member',
    () => rows.membership.encode(membership),
    '0162020101ac020002010980d095ffbc310801010154050a0104',
  ],
  [
    'row: profile',
    () => rows.profile.encode({ name: 'A', profile: '{}', position: 300 }),
    '014101027b7dac02',
  ],
  ['row: roll', () => rows.roll.encode('b'), '0162'],
  ['row: touched and marked', () => rows.touched.encode(300), 'ac02'],
  [
    'row: copy of a list',
    () =>
      Buffer.from(
        encodeListCopy({
          position: 300,
          floor: 2,
          large: ['g'],
          groups: [{ position: 9, conversation: direct }],
          direct: {
            bytes: packedBytes.latin1Slice(),
            starts: [0],
            ends: [packedBytes.length],
            positions: [8],
          },
        }),
      ),
    'ac02020101016709000000000000000000000000000000000000000000010108300f000000000000000000000000000000000000000000010162ac020280d095ffbc3103ac0201f0a204050500006d6869',
  ],
  [
    'row: changes',
    () =>
      encodeChanges([
        { position: 300, kind: 'message', conversation: direct, seq: 5 },
        { position: 301, kind: 'message', conversation: direct, seq: 6 },
        { position: 302, kind: 'read', conversation: direct, user: 'a' },
        { position: 303, kind: 'delivered', conversation: direct, user: 'b' },
        { position: 304, kind: 'member', conversation: 'g', user: 'a' },
        { position: 304, kind: 'conversation', conversation: 'g' },
        { position: 305, kind: 'contact', user: 'b' },
        { position: 306, kind: 'profile' },
      ]),
    '0400000000000000000000000000000000000000000001026102620267e01200050f0900010a00020b030104030d020e',
  ],
  [
    'row of a shard: identity',
    () => encodeIdentity({ storeId, shardId: storeId.toReversed(), index: 1 }),
    '0102030405060708090a0b0c0d0e0f10100f0e0d0c0b0a090807060504030201010000000934053b',
  ],
  [
    'row of a shard: checkpoint',
    () => encodeShardCheckpoint({ position: 300, epoch: 7 }),
    '2c010000000000000700000057bee023',
  ],
  [
    'the header of a body file',
    () => encodeBodyHeader(storeId, bodyFileOf(1, 300)),
    '434c4242010000000102030405060708090a0b0c0d0e0f102c010000000001008674c82e',
  ],
  [
    'a block of a direct conversation',
    () => blockOf(null, ['a', 'b'], [301]),
    '2c00000053ed73c800ac0201020161016201010202f0a20480d095ffbc310500006d686902010500006d6869',
  ],
  [
    'a block of a group',
    () => blockOf('g', ['a', 'b', 'c'], []),
    '2f000000090ca0ba0167ac02010301610162016300020002f0a20480d095ffbc310500006d686902010500006d6869',
  ],
  [
    'the filter of conversations',
    () => encodeFilter(300, [{ capacity: 8, count: 1, bits: new Uint8Array(layerBytes(8)).fill(5) }]),
    '434c4246010001002c010000000000000800000001000000050505050505050505059c8c0d48',
  ],
  [
    'a token',
    () => Buffer.from(encodeToken({ storeId, epoch: 7 }, 300), 'base64url'),
    '0102030405060708070000002c010000000004760eba',
  ],
]

test.each(golden)('%s', (_, bytes, hex) => {
  expect(bytes().toString('hex')).toBe(hex)
})

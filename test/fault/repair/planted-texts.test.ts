import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { BlockWriter } from '../../../src/formats/block.js'
import { ManualClock } from '../../../src/model-checking/manual-clock.js'
import { openSample } from '../verify/sample-store.js'
import { copyOf, repair } from './damaged-store.js'

interface Claims {
  readonly timestamp?: number
  readonly conversation?: string
  readonly senders?: readonly string[]
}

/** A whole block that is a text as well: what one who only sends messages can plant. */
function planted(
  seq: number,
  position: number,
  text: string,
  { timestamp = 1, conversation, senders = ['ann', 'bob'] }: Claims = {},
): string {
  for (let i = 0; ; i++) {
    const id = Buffer.from(`f${i}`)
    const body = Buffer.concat([Buffer.of(0, id.length - 1), id, Buffer.from(text)])
    const writer = new BlockWriter()
    writer.add(position, timestamp, senders.length - 1, body, 0, body.length)
    const block = writer.finish(conversation ?? null, seq, 1, senders)
    if (Buffer.from(block.toString()).equals(block)) return block.toString()
  }
}

/** The bytes of these numbers are those of letters, so that they can stand in a text. */
const numberOf = (letters: string): number =>
  Buffer.from(letters).reduceRight((number, byte) => number * 128 + (byte & 0x7f), 0)
const far = 0x42 + (0x02 << 7) + (7 << 14)
/** Nearly the last time for which a record has room, and one for which none has. */
const late = numberOf('ééé?')
const tooLate = numberOf('éééA')

let store: string
beforeAll(async () => {
  store = await mkdtemp(join(tmpdir(), 'columba-planted-'))
  let opened = await openSample(store)
  await opened.sendMessage({ sender: 'ann', receiver: 'bob', text: 'shall we pay?' })
  await opened.sendMessage({ sender: 'bob', receiver: 'ann', text: 'no, not yet' })
  // Closed in between, so that the texts lie in a later body file.
  await opened.close()
  opened = await openSample(store)
  const text = [
    'MALLORY',
    planted(2, 2, 'yes, do pay'),
    planted(3, 4, 'yes: pay'),
    planted(99, far, 'far'),
    planted(2, 3, 'late', { timestamp: late, senders: ['mallory'] }),
    planted(2, 3, 'too late', { timestamp: tooLate, senders: ['mallory'] }),
    planted(1, 3, 'of nobody', { senders: [''] }),
    planted(2, 3, 'of nobody', { conversation: 'group', senders: ['mallory', ''] }),
    planted(2, 3, 'too long', { conversation: 'g'.repeat(300), senders: ['mallory'] }),
  ]
  await opened.sendMessage({ sender: 'mallory', receiver: 'mallory', text: text.join('') })
  for (let i = 0; i < 5; i++) await opened.sendMessage({ sender: `x${i}`, receiver: 'y', text: 'hello' })
  await opened.close()
})
afterAll(() => rm(store, { recursive: true, force: true }))

/** Flips a bit of the block with the planted text, so many bytes behind its beginning or in the text. */
async function damage(location: string, where: 'length' | 'text'): Promise<void> {
  for (const name of await readdir(join(location, 'bodies'))) {
    const path = join(location, 'bodies', name)
    const bytes = await readFile(path)
    const text = bytes.indexOf('MALLORY')
    if (text < 0) continue
    // The length stands 8 bytes and an empty string before the name of the one participant.
    const at = where === 'text' ? text : bytes.lastIndexOf('mallory', text) - 1 - 3 - 1 - 8
    bytes[at] = (bytes[at] as number) ^ 1
    await writeFile(path, bytes)
  }
}

async function talkIn(location: string): Promise<string[]> {
  const opened = await openSample(location)
  try {
    expect((await opened.admin.verify()).findings).toEqual([])
    return (await opened.getMessages('ann', { peer: 'bob' })).items.map(({ text }) => text)
  } finally {
    await opened.close()
  }
}

const talk = ['no, not yet', 'shall we pay?']

test.each(['text', 'length'] as const)(
  'a text that looks like blocks is none, where its own block is damaged: in its %s',
  async (where) => {
    const location = await copyOf(store)
    await damage(location, where)
    expect(await repair(location)).toMatchObject({ outcome: 'repaired' })
    expect(await talkIn(location)).toEqual(talk)
  },
)

test('nor with all shards gone, while the length is whole', async () => {
  const location = await copyOf(store)
  await damage(location, 'text')
  await rm(join(location, 'shards'), { recursive: true })
  expect(await repair(location)).toMatchObject({ outcome: 'repaired' })
  expect(await talkIn(location)).toEqual(talk)
})

test('with shards and length gone it is taken with a note, but in the place of nothing, from afar, or of any time', async () => {
  const location = await copyOf(store)
  await damage(location, 'length')
  await rm(join(location, 'shards'), { recursive: true })
  const { lost } = await repair(location)
  expect(lost.map(({ what }) => what)).toContainEqual(expect.stringContaining('may be a text'))
  expect(await talkIn(location)).toEqual(['yes: pay', ...talk])
  const opened = await openSample(location)
  const { timestamp } = await opened.sendMessage({ sender: 'x', receiver: 'y', text: 'hello' })
  await opened.close()
  expect(timestamp).toBe(new ManualClock().now())
})

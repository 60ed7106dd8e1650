import { expect, onTestFinished, test } from 'vitest'
import type { MessageStore } from '../../src/api/message-store.js'
import { openMessageStore } from '../../src/api/open.js'
import { ManualClock } from '../../src/model-checking/manual-clock.js'
import { temporaryDirectory } from '../fixtures/temporary-directory.js'

/** A clock that is right but for what `says` makes of it as long as it is set. */
class BadClock extends ManualClock {
  says: ((now: number) => unknown) | null = null

  override now(): number {
    return this.says === null ? super.now() : (this.says(super.now()) as number)
  }
}

async function open(location: string, clock: BadClock): Promise<MessageStore> {
  const store = await openMessageStore({ location, durability: 'os' }, { clock })
  onTestFinished(() => store.close())
  return store
}

const send = (store: MessageStore, id?: string) =>
  store.sendMessage({ sender: 'ann', receiver: 'bob', text: 'x', id })

const noTimes: readonly (() => unknown)[] = [
  () => 2 ** 53,
  () => 2 ** 48,
  () => -5,
  () => -0.5,
  () => Infinity,
  () => -Infinity,
  () => Number.NaN,
  () => undefined,
  () => '1700000000000',
  () => 2n ** 60n,
  () => {
    throw new Error('the clock has stopped')
  },
]

test('where a clock shows no time, the last good one counts, in this opening and the next', async () => {
  const location = await temporaryDirectory()
  const clock = new BadClock()
  const store = await open(location, clock)
  for (const [n, says] of noTimes.entries()) {
    clock.jump(1000)
    const { timestamp } = await send(store)
    clock.says = says
    expect([says, await send(store, String(n))]).toMatchObject([says, { timestamp }])
    expect([says, await send(store)]).toMatchObject([says, { timestamp }])
    const { createdAt } = await store.groups.create({ creator: 'ann', members: ['bob'] })
    expect([says, createdAt]).toEqual([says, timestamp])
    clock.says = null
  }
  await store.close()

  const again = await open(location, clock)
  expect(await send(again, '0')).toMatchObject({ duplicate: true })
  expect(await send(again)).toMatchObject({ timestamp: clock.now(), seq: 3 * noTimes.length + 1 })
  expect((await again.admin.verify()).findings).toEqual([])
})

test('of a clock that shows fractions the whole milliseconds count; the last time that there is stays', async () => {
  const clock = new BadClock()
  const store = await open(await temporaryDirectory(), clock)
  clock.says = (now) => now + 12.375
  const { timestamp } = await send(store, '1')
  expect(timestamp).toBe(clock.latest + 12)
  await store.admin.checkpoint()
  expect(await send(store, '1')).toMatchObject({ timestamp, duplicate: true })
  expect(await store.getMessage('bob', { peer: 'ann' }, 1)).toMatchObject({ timestamp })
  clock.says = () => 2 ** 48 - 0.5
  await send(store)
  clock.says = null
  expect(await send(store)).toMatchObject({ timestamp: 2 ** 48 - 1, seq: 3 })
})

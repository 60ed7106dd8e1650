// A phone that gets no answer sends again: with the same id, the message is there once.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isColumbaError, openMessageStore } from 'columba'

const location = await mkdtemp(join(tmpdir(), 'columba-'))
const store = await openMessageStore({ location })
try {
  const message = { sender: 'ann', receiver: 'bob', text: 'Once only', id: 'ann-phone-1' }
  const first = await store.sendMessage(message)
  const again = await store.sendMessage(message)
  console.log(first.seq, first.duplicate, '/', again.seq, again.duplicate)

  // Another text under the same id is a mistake of the client, and says so.
  try {
    await store.sendMessage({ ...message, text: 'Something else' })
  } catch (error) {
    if (!isColumbaError(error, 'IDEMPOTENCY_CONFLICT')) throw error
    console.log(error.code, error.kind)
  }

  // A device without ids of its own: the id follows from sender, time and device.
  const stamped = {
    sender: 'ann',
    receiver: 'bob',
    text: 'From the watch',
    deviceId: 'watch',
    timestamp: 1700000000000,
  }
  await store.sendMessage(stamped)
  console.log('again:', (await store.sendMessage(stamped)).duplicate)
} finally {
  await store.close()
  await rm(location, { recursive: true })
}

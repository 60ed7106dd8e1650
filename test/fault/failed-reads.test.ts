import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeEach, describe, expect, test } from 'vitest'
import { MessageStore } from '../../src/api/message-store.js'
import type { ErrorCode } from '../../src/errors.js'
import { bodyHeaderBytes } from '../../src/formats/body-file.js'
import { resolveLimits } from '../../src/limits.js'
import { openLocalBackend } from '../../src/local/open-local-backend.js'
import { ManualClock } from '../../src/model-checking/manual-clock.js'
import { nodeFileSystem } from '../../src/platform/node-file-system.js'
import { systemRandom } from '../../src/platform/random.js'
import { interferedFileSystem, type FileOperation } from '../fixtures/failing-file-system.js'
import { temporaryDirectory } from '../fixtures/temporary-directory.js'

/** What fails with what; null while nothing does. */
let failing: { readonly operation: FileOperation; readonly path: RegExp; readonly code: string } | null = null
beforeEach(() => {
  failing = null
})

const fileSystem = interferedFileSystem(nodeFileSystem, {
  before: (operation, path) => {
    if (failing !== null && operation === failing.operation && failing.path.test(path))
      throw Object.assign(new Error(`${failing.code}: ${operation}`), { code: failing.code })
  },
})

async function open(location: string): Promise<MessageStore> {
  const limits = resolveLimits()
  const clock = new ManualClock()
  const settings = {
    location,
    shards: 1,
    virtualNodes: undefined,
    syncEveryMs: Infinity,
    cacheBytes: 1,
    cacheTierSize: 15,
    limits,
  }
  const world = { clock, random: systemRandom, fileSystem, logger: undefined, metrics: undefined }
  const backend = await openLocalBackend(settings, world, { tuning: { generationBytes: 2048 } })
  return new MessageStore(backend, { limits, clock, usersMode: 'open' })
}

/** A store whose messages lie in body files only. */
async function withStoredMessages(): Promise<MessageStore> {
  const location = await temporaryDirectory()
  const store = await open(location)
  for (let i = 0; i < 40; i++)
    await store.sendMessage({ sender: 'ann', receiver: 'ben', text: `message ${i}` })
  await store.close()
  return open(location)
}

const bodies = /\/bodies\/[^/]+$/
const cases: readonly (readonly [FileOperation, string, ErrorCode])[] = [
  ['open', 'EMFILE', 'OVERLOADED'],
  ['open', 'ENFILE', 'OVERLOADED'],
  ['open', 'EIO', 'CORRUPT'],
  ['open', 'EACCES', 'CORRUPT'],
  ['read', 'EIO', 'CORRUPT'],
]

describe('a read that the system refuses', () => {
  test.each(cases)(
    '%s of a body file: %s is %s, with its cause, and passes',
    async (operation, code, expected) => {
      const store = await withStoredMessages()
      failing = { operation, path: bodies, code }
      const rejected = { name: 'ColumbaError', code: expected, cause: { code } }
      await expect(store.getMessages('ann', { peer: 'ben' })).rejects.toMatchObject(rejected)
      await expect(store.getMessage('ben', { peer: 'ann' }, 3)).rejects.toMatchObject(rejected)
      failing = null
      expect((await store.getMessages('ann', { peer: 'ben' })).items).toHaveLength(40)
      await store.close()
    },
  )

  test('a repeated send cannot be compared: the same error, nothing stored, and later the first receipt', async () => {
    const location = await temporaryDirectory()
    const request = { sender: 'ann', receiver: 'ben', text: 'once', id: 'once' }
    let store = await open(location)
    const first = await store.sendMessage(request)
    await store.close()
    store = await open(location)
    failing = { operation: 'read', path: bodies, code: 'EIO' }
    await expect(store.sendMessage(request)).rejects.toMatchObject({
      code: 'CORRUPT',
      cause: { code: 'EIO' },
    })
    failing = null
    expect(await store.sendMessage(request)).toEqual({ ...first, duplicate: true })
    await store.close()
  })

  test.each([
    ['stats', /\/shards\/\d+$/],
    ['verify', /\/bodies$/],
  ] as const)('admin.%s', async (call, path) => {
    const store = await withStoredMessages()
    failing = { operation: 'list', path, code: 'EMFILE' }
    await expect(store.admin[call]()).rejects.toMatchObject({ code: 'OVERLOADED', cause: { code: 'EMFILE' } })
    failing = null
    await store.close()
  })

  test('verify finds nothing damaged where it may not look: it rejects, and says whose files to look at', async () => {
    const store = await withStoredMessages()
    failing = { operation: 'open', path: bodies, code: 'EACCES' }
    await expect(store.admin.verify()).rejects.toMatchObject({
      code: 'CORRUPT',
      message: expect.stringMatching(/owner and mode/),
      cause: { code: 'EACCES' },
    })
    failing = null
    expect(await store.admin.verify()).toMatchObject({ ok: true })
    await store.close()
  })
})

test('a flipped byte in a body file: who reads the message is told which block of which file it is', async () => {
  const location = await temporaryDirectory()
  const request = { sender: 'ann', receiver: 'ben', text: 'once', id: 'once' }
  const first = await open(location)
  await first.sendMessage(request)
  await first.close()
  const [file] = await readdir(join(location, 'bodies'))
  const path = join(location, 'bodies', file as string)
  const bytes = await readFile(path)
  const middle = Math.floor((bodyHeaderBytes + bytes.length) / 2)
  bytes.writeUInt8(bytes.readUInt8(middle) ^ 1, middle)
  await writeFile(path, bytes)
  const store = await open(location)
  const damaged = { code: 'CORRUPT', details: { file, offset: bodyHeaderBytes } }
  await expect(store.getMessages('ann', { peer: 'ben' })).rejects.toMatchObject(damaged)
  await expect(store.getMessage('ben', { peer: 'ann' }, 1)).rejects.toMatchObject(damaged)
  await expect(store.sendMessage(request)).rejects.toMatchObject(damaged)
  await store.close()
})

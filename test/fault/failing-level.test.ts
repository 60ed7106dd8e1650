import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { openCrashStore } from '../crash/crash-store.js'
import { straceOptions, whyNoStrace } from '../crash/injected.js'
import { temporaryDirectory } from '../fixtures/temporary-directory.js'
import { messageOf, rowsFillMemory } from './failing-level.js'

const reason = whyNoStrace()
const worker = fileURLToPath(new URL('failing-level-worker.js', import.meta.url))

/** The log that a shard begins when it is opened for the second time, and the next one. */
const faults = [
  { what: 'one failed write of its log', call: 'write', error: 'ENOSPC', log: '000007.log', nth: 3 },
  { what: 'a log that cannot be begun', call: 'openat', error: 'EMFILE', log: '000008.log', nth: 1 },
]

test.for(faults)(
  'a real LevelDB with $what: POISONED, reads go on, and all that was acknowledged is there when it is opened again',
  async ({ call, error, log, nth }, { skip }) => {
    skip(reason !== null, reason ?? '')
    const desk = await temporaryDirectory()
    const at = { location: join(desk, 'store'), variant: rowsFillMemory }
    await (await openCrashStore(at)).close()
    const seen = join(desk, 'seen')
    const through = [
      ...[...straceOptions, '-o', seen, '-P', join(at.location, 'shards', '0000', log)],
      ...['-e', `trace=${call}`, '-e', `inject=${call}:error=${error}:when=${nth}`],
      ...[process.execPath, worker, at.location],
    ]
    const { stdout } = await promisify(execFile)('strace', through, {
      env: { ...process.env, UV_THREADPOOL_SIZE: '1' },
    })
    expect(await readFile(seen, 'latin1')).toContain('(INJECTED)')
    const said = stdout.trim().split('\n')
    const stored = said.filter((line) => /^\d+$/.test(line))
    const refused = new Set(said.filter((line) => /^[A-Z_]+$/.test(line)))
    expect(stored.length).toBeGreaterThan(50)
    expect([...refused].filter((code) => code !== 'OUTCOME_UNKNOWN')).toEqual(['POISONED'])
    expect(said.slice(-2)).toEqual(['read 5', 'closed'])

    const store = await openCrashStore(at)
    try {
      expect(await store.admin.verify()).toMatchObject({ ok: true, findings: [] })
      for (const id of stored) {
        const receipt = await store.sendMessage(messageOf(Number(id)))
        expect(receipt).toMatchObject({ duplicate: true })
        expect(await store.getMessage('ann', receipt.conversationId, receipt.seq)).toMatchObject({
          id,
          text: messageOf(Number(id)).text,
        })
      }
    } finally {
      await store.close()
    }
  },
)

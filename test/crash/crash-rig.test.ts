import { join } from 'node:path'
import { expect, test } from 'vitest'
import { ColumbaError } from '../../src/errors.js'
import { referenceStore } from '../fixtures/reference-store.js'
import { temporaryDirectory } from '../fixtures/temporary-directory.js'
import { CrashRig } from './crash-rig.js'
import { crashVariants } from './crash-store.js'
import type { CrashVariant } from './crash-store.js'
import type { WorkerPlan } from './crash-world.js'
import { beginHistory } from './history/begin-history.js'
import { History } from './history/history.js'
import { Journal, readJournal } from './journal.js'
import type { WayToDie } from './way-to-die.js'
import { Workload } from './workload.js'

// A rig that takes any end of a process for the one that it wanted would find that a store which never worked loses nothing.

async function workInVain(through: readonly string[], more: Partial<WayToDie> = {}): Promise<unknown> {
  const desk = await temporaryDirectory()
  const variant = crashVariants[0] as CrashVariant
  const rig = await CrashRig.create({ location: join(desk, 'store'), desk, variant, seed: 1 })
  const usual = { ending: 'close', strike: null, since: 'working', afterMs: 0 } as const
  return rig.work({ ...usual, ...more, fault: { through, kills: false } })
}

test.each([
  ['cannot be loaded', ['env', 'NODE_OPTIONS=--import=/no/such/module.js']],
  ['says that all went well, and has not worked', ['bash', '-c', 'exit 0']],
  ['says that it was refused its store, and does not say why', ['bash', '-c', 'exit 3']],
  ['is killed by nobody', ['bash', '-c', 'kill -9 $$']],
  [
    'throws what nothing may throw',
    ['env', `NODE_OPTIONS=--import=data:text/javascript,setTimeout(()=>x,300)`],
  ],
])('a process that %s is no crash', async (_, through) => {
  await expect(workInVain(through)).rejects.toThrow(/^a process .* in cycle 1/)
})

test('nor is one that ends before anybody can kill it', async () => {
  const strike = (): void => undefined
  await expect(workInVain(['bash', '-c', 'exit 1'], { ending: 'wait', strike })).rejects.toThrow(
    'a process ended by itself in cycle 1',
  )
})

test.each([
  ['is none of the library', () => new RangeError('planted')],
  ['comes from the system as it is', () => Object.assign(new Error('planted'), { code: 'EMFILE' })],
  ['has a code that the call cannot have', () => new ColumbaError('CORRUPT', 'planted')],
  ['tells of a fault, where there is none', () => new ColumbaError('POISONED', 'planted')],
  ['says that a store is closed that nobody closes', () => new ColumbaError('CLOSED', 'planted')],
])('an error that %s ends the process, and is in its journal', async (_, error) => {
  const directory = await temporaryDirectory()
  const store = referenceStore()
  await beginHistory(store, new History())
  store.sendMessage = () => Promise.reject(error())
  const plan = { cycle: 1, seed: 1, clients: 1, calls: 100, sayAt: 200, faults: false, groups: [], retry: [] }
  const workload = new Workload(store, plan as unknown as WorkerPlan, new Journal(directory))
  await expect(workload.run()).rejects.toThrow('planted')
  expect(readJournal(directory).at(-1)).toMatchObject({
    line: 'failed',
    error: expect.stringContaining('planted'),
  })
})

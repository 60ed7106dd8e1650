import { describe, expect, onTestFinished, test } from 'vitest'
import { checkHistory } from '../../src/histories/check-history.js'
import { recordHistory } from '../../src/histories/traffic.js'
import { tiny, type LocalVariant } from '../property/stores.js'
import { localHost } from './hosts.js'

const seeds = [1, 2]

const variants: readonly (readonly [name: string, variant: LocalVariant])[] = [
  ['everything small, synced', { ...tiny, settings: { ...tiny.settings, syncEveryMs: 0 } }],
  ['hardly any cache, left to the system', { ...tiny, settings: { ...tiny.settings, cacheBytes: 0 } }],
  ['large groups, all of it cached', { settings: { syncEveryMs: 0 }, tuning: { fanOut: 3 } }],
  ['as it comes', { settings: { syncEveryMs: 0 } }],
]

describe.each(variants)('concurrent clients of the embedded store, %s', (_, variant) => {
  test.each(seeds)('see what was promised, seed %i', async (seed) => {
    const host = await localHost(variant)
    onTestFinished(host.destroy)
    const history = await recordHistory(host, { seed, interruptions: 3, callsPerClient: 25 })
    expect(checkHistory(history)).toEqual([])
  })
})

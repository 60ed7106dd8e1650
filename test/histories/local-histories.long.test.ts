import { expect, onTestFinished, test } from 'vitest'
import { checkHistory } from '../../src/histories/check-history.js'
import { recordHistory } from '../../src/histories/traffic.js'
import { tiny, type LocalVariant } from '../property/stores.js'
import { localHost } from './hosts.js'

const firstSeed = 100
const histories = 30

test.each(Array.from({ length: histories }, (_, i) => firstSeed + i))(
  'concurrent clients of the embedded store see what was promised, seed %i',
  async (seed) => {
    const syncEveryMs = seed % 2 === 0 ? 0 : Infinity
    // Everything small and hardly any cache; every third time all is cached instead, and the group is large.
    const variant: LocalVariant = seed % 3 === 0 ? { tuning: { fanOut: 3 } } : tiny
    const host = await localHost({ ...variant, settings: { ...variant.settings, syncEveryMs } })
    onTestFinished(host.destroy)
    const history = await recordHistory(host, { seed, clients: 12, callsPerClient: 60, interruptions: 6 })
    expect(checkHistory(history)).toEqual([])
  },
)

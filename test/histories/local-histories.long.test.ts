import { expect, onTestFinished, test } from 'vitest'
import { checkHistory } from '../../src/histories/check-history.js'
import { recordHistory } from '../../src/histories/traffic.js'
import { tiny } from '../property/stores.js'
import { localHost } from './hosts.js'

const firstSeed = 100
const histories = 30

test.each(Array.from({ length: histories }, (_, i) => firstSeed + i))(
  'concurrent clients of the embedded store see what was promised, seed %i',
  async (seed) => {
    const syncEveryMs = seed % 2 === 0 ? 0 : Infinity
    const host = await localHost({ ...tiny, settings: { ...tiny.settings, syncEveryMs } })
    onTestFinished(host.destroy)
    const history = await recordHistory(host, { seed, clients: 12, callsPerClient: 60, interruptions: 6 })
    expect(checkHistory(history)).toEqual([])
  },
)

import { onTestFinished } from 'vitest'
import type { CheckedStore } from '../../src/model-checking/store-under-test.js'
import { gatedShards, type Gate } from '../fixtures/gated-shards.js'
import type { LocalVariant } from '../property/stores.js'
import { localHost } from './hosts.js'

/** A store whose shards answer through a gate; `before` is done by the process before. */
export async function openGated(
  gate: Gate,
  variant: LocalVariant,
  before: (store: CheckedStore) => Promise<unknown> = () => Promise.resolve(),
): Promise<CheckedStore> {
  const host = await localHost(variant, { opener: gatedShards(gate) })
  onTestFinished(host.destroy)
  const first = await host.open()
  await before(first)
  await first.close()
  const store = await host.open()
  onTestFinished(() => store.close())
  return store
}

import { layerBytes, type FilterLayer } from '../../formats/filter-file.js'
import { addToBloom, mayBeInBloom } from './bloom.js'

const probes = 7
const firstCapacity = 1 << 16

/**
 * A Bloom filter over all direct conversations of the store, so that the first message of two people asks no shard
 * whether they have written before: a look-up that finds nothing is the dearest of all in LevelDB. It grows in layers,
 * each twice as large as the one before (scalable Bloom filters, Almeida et al. 2007).
 *
 * It says "certainly not" or "perhaps"; before it is complete it only says "perhaps".
 */
export class ConversationFilter {
  readonly #layers: { readonly capacity: number; count: number; readonly bits: Uint8Array }[]
  complete: boolean

  constructor(layers: readonly FilterLayer[] | null) {
    this.#layers = layers === null ? [] : layers.map((layer) => ({ ...layer }))
    this.complete = layers !== null
  }

  get layers(): readonly FilterLayer[] {
    return this.#layers
  }

  /** True only if no conversation of this id was ever added. */
  excludes(id: string): boolean {
    if (!this.complete) return false
    const first = hash(id, 0x811c9dc5)
    const second = hash(id, 0x9747b28c) | 1
    return !this.#layers.some(({ bits }) => mayBeInBloom(bits, probes, first, second))
  }

  /** It knows nothing any more, and says "perhaps". */
  forget(): void {
    this.#layers.length = 0
    this.complete = false
  }

  add(id: string): void {
    const first = hash(id, 0x811c9dc5)
    const second = hash(id, 0x9747b28c) | 1
    let layer = this.#layers.at(-1)
    if (layer === undefined || layer.count >= layer.capacity) {
      const capacity = layer === undefined ? firstCapacity : layer.capacity * 2
      layer = { capacity, count: 0, bits: new Uint8Array(layerBytes(capacity)) }
      this.#layers.push(layer)
    }
    addToBloom(layer.bits, probes, first, second)
    layer.count++
  }
}

/** FNV-1a with another beginning each time; the ids are digests, so their first half is as good as all of it. */
function hash(id: string, seed: number): number {
  let value = seed
  const end = Math.min(id.length, 20)
  for (let i = 2; i < end; i++) value = Math.imul(value ^ id.charCodeAt(i), 0x01000193)
  return (value ^ (value >>> 15)) >>> 0
}

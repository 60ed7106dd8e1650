import { isColumbaError } from '../../errors.js'
import { readBlock, type BlockEntry, type BlockHead } from '../../formats/block.js'
import { bodyFileName } from '../../formats/body-file.js'
import type { RunRow } from '../../formats/rows.js'
import type { Findings } from './findings.js'
import type { StoreSource } from './store-source.js'

export interface Block {
  readonly bytes: Buffer
  readonly head: BlockHead
  readonly entries: readonly BlockEntry[]
}

/** The body files: their headers, which of them rows point to, and the blocks in them. A file is reported once. */
export class BodyCheck {
  readonly #source: StoreSource
  readonly #findings: Findings
  #cuts: readonly number[] = []
  readonly #present = new Set<number>()
  readonly #used = new Set<number>()
  readonly #missing = new Set<number>()

  constructor(source: StoreSource, findings: Findings) {
    this.#source = source
    this.#findings = findings
  }

  async headers(onProgress: (items: number, total: number) => void): Promise<void> {
    this.#cuts = [...(await this.#source.bodyFiles())].sort((a, b) => a - b)
    for (const [index, cut] of this.#cuts.entries()) {
      this.#present.add(cut)
      try {
        await this.#source.checkBodyFile(cut)
      } catch (error) {
        if (!isColumbaError(error, 'CORRUPT')) throw error
        this.#findings.add('bodyHeader', bodyFileName(cut))
      }
      if (index % 64 === 63) onProgress(index + 1, this.#cuts.length)
    }
    this.#findings.count('body files', this.#cuts.length)
    onProgress(this.#cuts.length, this.#cuts.length)
  }

  /** The end of the generation before the one that ended with `cut`, as far as files say; 0 for none. */
  cutBefore(cut: number): number {
    let low = 0
    let high = this.#cuts.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.#cuts[middle] as number) < cut) low = middle + 1
      else high = middle
    }
    return this.#cuts[low - 1] ?? 0
  }

  /** Notes that a row points there; for sides of a conversation whose blocks are read for the other side. */
  use({ file }: RunRow): void {
    this.#used.add(file)
    if (this.#present.has(file) || this.#missing.has(file)) return
    this.#missing.add(file)
    this.#findings.add('bodyMissing', bodyFileName(file))
  }

  /** The block that a run points to; null if it cannot be read, which is reported. */
  async read(run: RunRow): Promise<Block | null> {
    this.use(run)
    const { file, offset, length } = run
    if (this.#missing.has(file)) return null
    try {
      const bytes = await this.#source.readBody(file, offset, length)
      return { bytes, ...readBlock(bytes) }
    } catch (error) {
      if (!isColumbaError(error, 'CORRUPT')) throw error
      this.#findings.add('block', `${bodyFileName(file)}, offset ${offset}, length ${length}`)
      return null
    }
  }

  /** Files that no row points to: a flush that a crash interrupted leaves them. They only take room. */
  countOrphans(): void {
    const orphans = this.#cuts.filter((cut) => !this.#used.has(cut)).length
    this.#findings.count('orphaned body files', orphans)
  }
}

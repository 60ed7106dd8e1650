import { readBlock, type BlockEntry, type BlockHead } from '../../formats/block.js'
import { bodyFileName, cutOf, levelOf } from '../../formats/body-file.js'
import type { RunRow } from '../../formats/rows.js'
import { isDamage } from '../../platform/system-errors.js'
import { firstIndexWhere } from '../first-index-where.js'
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
  /** By cut, then by level. */
  #files: readonly number[] = []
  readonly #present = new Set<number>()
  readonly #used = new Set<number>()
  readonly #missing = new Set<number>()

  constructor(source: StoreSource, findings: Findings) {
    this.#source = source
    this.#findings = findings
  }

  async headers(onProgress: (items: number, total: number) => void): Promise<void> {
    this.#files = [...(await this.#source.bodyFiles())].sort((a, b) => cutOf(a) - cutOf(b) || a - b)
    for (const [index, file] of this.#files.entries()) {
      this.#present.add(file)
      try {
        await this.#source.checkBodyFile(file)
      } catch (error) {
        // Files of somebody else, as a backup has that was put back by another user, are no finding.
        if (!isDamage(error)) throw error
        this.#findings.add('bodyHeader', bodyFileName(file))
      }
      if (index % 64 === 63) onProgress(index + 1, this.#files.length)
    }
    this.#findings.count('body files', this.#files.length)
    onProgress(this.#files.length, this.#files.length)
  }

  /**
   * The end of the generation before the first one in a file, as far as files say; 0 for none. Files of lower levels say
   * nothing of it: they may have been merged into this one.
   */
  cutBefore(file: number): number {
    const at = (index: number): number => this.#files[index] as number
    let first = firstIndexWhere(this.#files.length, (index) => cutOf(at(index)) >= cutOf(file))
    while (first > 0 && levelOf(at(first - 1)) < levelOf(file)) first--
    return first === 0 ? 0 : cutOf(at(first - 1))
  }

  /** The block that a run points to; null if it cannot be read, which is reported. */
  async read(run: RunRow): Promise<Block | null> {
    const { file, offset, length } = run
    this.#used.add(file)
    if (!this.#present.has(file)) {
      if (!this.#missing.has(file)) this.#findings.add('bodyMissing', bodyFileName(file))
      this.#missing.add(file)
      return null
    }
    try {
      const bytes = await this.#source.readBody(file, offset, length)
      return { bytes, ...readBlock(bytes) }
    } catch (error) {
      if (!isDamage(error)) throw error
      this.#findings.add('block', `${bodyFileName(file)}, offset ${offset}, length ${length}`)
      return null
    }
  }

  /** Files that no row points to: an interrupted flush leaves them, or a merge that is not over. They only take room. */
  countOrphans(): void {
    const orphans = this.#files.filter((file) => !this.#used.has(file)).length
    this.#findings.count('orphaned body files', orphans)
  }
}

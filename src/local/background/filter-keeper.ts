import { join } from 'node:path'
import { decodeFilter, encodeFilter } from '../../formats/filter-file.js'
import { describeKey, readIdKey, userRows } from '../../formats/keys.js'
import { filterName } from '../../formats/store-names.js'
import type { FileSystem } from '../../platform/file-system.js'
import { readHead, replaceFile } from '../../platform/whole-files.js'
import { ConversationFilter } from '../memory/conversation-filter.js'
import type { ShardSet } from '../shards/shard-set.js'

/**
 * Keeps the filter of conversations over a close, and makes it anew from the rows when it is not there. It only saves time:
 * neither opening nor closing fails for the sake of it.
 */
export class FilterKeeper {
  readonly #fileSystem: FileSystem
  readonly #path: string
  #stopped = false
  #rebuilding: Promise<void> | null = null

  constructor(fileSystem: FileSystem, directory: string) {
    this.#fileSystem = fileSystem
    this.#path = join(directory, filterName)
  }

  /** The filter as it was kept at `position`; an incomplete one after an unclean end, or if anything does not fit. */
  async load(position: number, last: 'new' | 'clean' | 'unclean'): Promise<ConversationFilter> {
    if (last === 'new') return new ConversationFilter([])
    const bytes = last === 'clean' ? await this.#read().catch(() => null) : null
    return new ConversationFilter(bytes === null ? null : decodeFilter(bytes, position))
  }

  /**
   * Takes the filter up after the recovery. One that may lack conversations is made anew from the heads of all shards, in the
   * background, past the cache.
   *
   * IMPORTANT: conversations that began in a record that was `recovered` are in no kept filter, whatever the manifest says:
   * that of a clean close may have been put back, with the filter and the log beside it, of which the log went on.
   */
  begin(filter: ConversationFilter, shards: ShardSet, recovered: number): void {
    if (recovered > 0) filter.forget()
    if (filter.complete) return
    this.#rebuilding = this.#scan(filter, shards).catch(() => undefined)
  }

  async stop(): Promise<void> {
    this.#stopped = true
    await this.#rebuilding
  }

  async save(filter: ConversationFilter, position: number): Promise<void> {
    if (!filter.complete) return
    const content = encodeFilter(position, filter.layers)
    const aside = `${this.#path}.tmp`
    try {
      await replaceFile(this.#fileSystem, this.#path, aside, [content])
    } catch {
      await this.#fileSystem.unlink(aside).catch(() => undefined)
    }
  }

  async #read(): Promise<Buffer | null> {
    const found = await this.#fileSystem.stat(this.#path)
    if (found === null) return null
    const handle = await this.#fileSystem.open(this.#path, 'read')
    try {
      return await readHead(handle, found.size)
    } finally {
      await handle.close()
    }
  }

  async #scan(filter: ConversationFilter, shards: ShardSet): Promise<void> {
    for (const shard of shards.shards) {
      for await (const [key] of shard.scan(userRows)) {
        if (this.#stopped) return
        const described = describeKey(key)
        if (described?.family === 'head') filter.add(readIdKey(key, described.prefixLength))
      }
    }
    filter.complete = true
  }
}

import { ClassicLevel } from 'classic-level'
import type { ShardOpener } from './shard-database.js'

/**
 * LevelDB. `multithreading` lets a worker thread write to the same handle; it also makes a second opening of a directory
 * in this process succeed, which the store lock has to prevent before. The encodings 'buffer' and 'view' were measured:
 * they are equally fast, and both give Buffers.
 */
export const openClassicLevel: ShardOpener = async (location, options) => {
  const database = new ClassicLevel<Buffer, Buffer>(location, {
    keyEncoding: 'buffer',
    valueEncoding: 'buffer',
    createIfMissing: options.create,
    writeBufferSize: options.writeBufferBytes,
    cacheSize: options.blockCacheBytes,
    compression: options.compression,
    multithreading: true,
  })
  await database.open()
  return database
}

/**
 * Rows on the disk, sorted by key, that a repair works with: more than fits into memory. What was put can be read after
 * `settle`.
 */
export interface SortedRows {
  put(key: Buffer, value: Uint8Array): void
  settle(): Promise<void>
  get(key: Buffer): Promise<Buffer | undefined>
  range(gte: Buffer, lt: Buffer): AsyncIterable<readonly [key: Buffer, value: Buffer]>
}

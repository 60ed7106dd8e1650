import { ColumbaError } from '../../errors.js'
import { maxPayloadBytes } from '../../formats/frames.js'
import { maxSegmentBytes, segmentHeaderBytes } from '../../formats/segment.js'
import type { CommitLogOptions } from './options.js'

const defaults = { segmentBytes: 64 * 1024 * 1024, chunkBytes: 1024 * 1024 }
const minSegmentBytes = 1024

/** The sizes that a log works with. Throws INVALID_ARGUMENT for one that it cannot work with. */
export function sizesOf({
  segmentBytes = defaults.segmentBytes,
  chunkBytes = defaults.chunkBytes,
}: CommitLogOptions): { readonly segmentBytes: number; readonly chunkBytes: number } {
  checkSize('segmentBytes', segmentBytes, minSegmentBytes, maxSegmentBytes)
  checkSize('chunkBytes', chunkBytes, segmentHeaderBytes * 4, maxPayloadBytes)
  return { segmentBytes, chunkBytes }
}

function checkSize(field: string, value: number, min: number, max: number): void {
  if (Number.isSafeInteger(value) && value >= min && value <= max) return
  throw new ColumbaError('INVALID_ARGUMENT', `${field} must be an integer from ${min} to ${max}`, { field })
}

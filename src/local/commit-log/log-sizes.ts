import { ColumbaError } from '../../errors.js'
import { maxPayloadBytes } from '../../formats/frames.js'
import { maxSegmentBytes, segmentHeaderBytes } from '../../formats/segment.js'
import type { CommitLogOptions } from './options.js'

const minSegmentBytes = 1024

/** Throws INVALID_ARGUMENT for a size that a log cannot work with. */
export function checkSizes({ segmentBytes, chunkBytes }: CommitLogOptions): void {
  checkSize('segmentBytes', segmentBytes, minSegmentBytes, maxSegmentBytes)
  checkSize('chunkBytes', chunkBytes, segmentHeaderBytes * 4, maxPayloadBytes)
}

function checkSize(field: string, value: number, min: number, max: number): void {
  if (Number.isSafeInteger(value) && value >= min && value <= max) return
  throw new ColumbaError('INVALID_ARGUMENT', `${field} must be an integer from ${min} to ${max}`, { field })
}

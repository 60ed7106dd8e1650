import { parseCanonicalJson } from '../model/canonical-json.js'
import type { Json } from '../model/json.js'
import { badBytes } from './bytes.js'

/** The value of a canonical text as it was stored, deeply frozen. Throws CORRUPT for what is none. */
export function parseStoredJson(text: string): Json {
  try {
    return parseCanonicalJson(text)
  } catch {
    // What the parser says would show a part of what somebody wrote.
    throw badBytes('what should be JSON is none')
  }
}

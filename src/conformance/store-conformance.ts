import { changeStoreCases } from './change-store-cases.js'
import { groupStoreCases } from './group-store-cases.js'
import { objectCases } from './object-cases.js'
import { readingCases } from './reading-cases.js'
import { sendingCases } from './sending-cases.js'
import type { StoreCase } from './store-case.js'

/** What the whole store promises over any backend, one case each. */
export const storeConformance: readonly StoreCase[] = [
  ...sendingCases,
  ...readingCases,
  ...groupStoreCases,
  ...changeStoreCases,
  ...objectCases,
]

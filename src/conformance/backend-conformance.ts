import type { BackendCase } from './backend-case.js'
import { crashCases } from './crash-cases.js'
import { feedCases } from './feed-cases.js'
import { groupCases } from './group-cases.js'
import { lifecycleCases } from './lifecycle-cases.js'
import { listCases } from './list-cases.js'
import { messageCases } from './message-cases.js'
import { peopleCases } from './people-cases.js'
import { recountCases } from './recount-cases.js'
import { serverCases } from './server-cases.js'
import { sizeCases } from './size-cases.js'

/** The promises of the port, one case each: a backend that passes them all works under the domain. */
export const backendConformance: readonly BackendCase[] = [
  ...messageCases,
  ...groupCases,
  ...listCases,
  ...peopleCases,
  ...feedCases,
  ...lifecycleCases,
  ...sizeCases,
  ...recountCases,
  ...serverCases,
  ...crashCases,
]

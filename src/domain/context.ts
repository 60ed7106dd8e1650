import type { Backend } from '../backend/port.js'
import type { Limits } from '../limits.js'
import type { Clock } from '../platform/clock.js'
import { Lanes } from './lanes.js'
import { Lifecycle } from './lifecycle.js'

/** `open`: any valid id is a user. `registered`: only ids that were registered are; others are USER_NOT_FOUND. */
export type UsersMode = 'open' | 'registered'

/** What every part of the domain works with. */
export interface DomainContext {
  readonly backend: Backend
  readonly limits: Limits
  readonly clock: Clock
  readonly usersMode: UsersMode
  readonly lanes: Lanes
  readonly lifecycle: Lifecycle
}

export type DomainSettings = Pick<DomainContext, 'limits' | 'clock' | 'usersMode'>

export function domainContext(backend: Backend, { limits, clock, usersMode }: DomainSettings): DomainContext {
  return {
    backend,
    limits,
    clock,
    usersMode,
    lanes: new Lanes(backend, limits),
    lifecycle: new Lifecycle(),
  }
}

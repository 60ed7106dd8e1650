import type { ContestantModule } from './contestant.js'

/**
 * `measured` is ours, with its default settings or those that its name says; `embedded` ones are compared with, each as
 * fast as we could make it; `plain` is what one writes first; `server` ones are shown where they are installed; `limit`
 * is what cannot be exceeded. Modules are loaded in the process that measures them, and only there.
 */
export const CONTESTANTS = {
  columba: { role: 'measured', load: () => import('./columba.js') },
  'columba-256': { role: 'measured', load: () => import('./columba-256.js') },
  'better-sqlite3': { role: 'embedded', load: () => import('./better-sqlite3.js') },
  'better-sqlite3-wide': { role: 'embedded', load: () => import('./better-sqlite3-wide.js') },
  'better-sqlite3-plain': { role: 'plain', load: () => import('./better-sqlite3-plain.js') },
  lmdb: { role: 'embedded', load: () => import('./lmdb.js') },
  level: { role: 'embedded', load: () => import('./level.js') },
  postgresql: { role: 'server', load: () => import('./postgresql.js') },
  redis: { role: 'server', load: () => import('./redis.js') },
  'bare-log': { role: 'limit', load: () => import('./bare-log.js') },
} as const satisfies Record<string, { role: Role; load: () => Promise<ContestantModule> }>

export type Role = 'measured' | 'embedded' | 'plain' | 'server' | 'limit'
export type ContestantName = keyof typeof CONTESTANTS

export const contestantNames = Object.keys(CONTESTANTS) as ContestantName[]

export function loadContestant(name: ContestantName): Promise<ContestantModule> {
  return CONTESTANTS[name].load()
}

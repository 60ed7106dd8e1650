import type { History } from './history/history.js'

/** What a run has done, counted: a run that has done nothing has lost nothing, either. */
export interface CrashResult {
  /** Processes that worked on a store. */
  cycles: number
  /** Those that met what was meant for them: the kill, the cut, the injected fault. */
  met: number
  checks: number
  messages: number
  /** Calls of which a process was told that they succeeded. */
  acknowledgements: number
  /** Calls of which no process could tell what became of them. */
  unknown: number
}

export function nothingYet(): CrashResult {
  return { cycles: 0, met: 0, checks: 0, messages: 0, acknowledgements: 0, unknown: 0 }
}

export function addHistory(result: CrashResult, { messages, acknowledgements, unknowns }: History): void {
  result.messages += messages.size
  result.acknowledgements += acknowledgements
  result.unknown += unknowns
}

/** In one line. */
export function toldOf({ cycles, met, checks, acknowledgements, unknown }: CrashResult): string {
  const calls = `${acknowledgements} acknowledgements, ${unknown} calls of unknown outcome`
  return `${cycles} processes, ${met} met their fault, ${checks} checks, ${calls}`
}

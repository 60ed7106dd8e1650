import type { ContestantName } from '../peers/contestants.js'
import type { Measured, Size } from '../suite/benchmark.js'

/** What a child process is asked to do: one run of one contestant, the filling of a dataset, or a check. */
export interface Job {
  readonly task: 'run' | 'fill' | 'check' | 'version'
  readonly contestant: ContestantName
  readonly directory: string
  readonly size: Size
  readonly tracePath: string
  readonly benchmark?: string
  readonly point?: string
  readonly dataset?: string
  readonly sendsPerSecond?: number
}

export type JobAnswer =
  | { readonly measured: Measured }
  | { readonly version: string; readonly unavailable: string | null }
  | { readonly error: string }

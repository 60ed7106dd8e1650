/** What a command line needs of the process, so that tests can look at it. */
export interface Terminal {
  readonly out: (text: string) => void
  readonly error: (text: string) => void
  /** Columns of the terminal that errors go to; undefined if that is none, and then there is no progress. */
  readonly columns: number | undefined
}

/** 0: done, nothing to report. 1: done, with findings. 2: not done. */
export type ExitCode = 0 | 1 | 2

export interface Command {
  readonly name: string
  readonly summary: string
  /** The first line is the usage. */
  readonly help: string
  /** True if it can print JSON. */
  readonly json: boolean
  /** `directory` is a store. */
  readonly run: (directory: string, flags: CommandFlags, terminal: Terminal) => Promise<ExitCode>
}

export interface CommandFlags {
  readonly json: boolean
}

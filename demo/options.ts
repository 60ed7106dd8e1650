import { parseArgs } from 'node:util'

export interface DemoOptions {
  readonly seed: number
  readonly messages: number
  /** Where the store is made and kept; null for a temporary place. */
  readonly directory: string | null
  /** A trace to play instead of a generated chat. */
  readonly trace: string | null
}

export const usage = `npm run demo -- [--seed N] [--messages N] [--trace FILE] [--dir DIR]

  --seed N       which chat to generate; default 2024
  --messages N   how many messages it has; default 100000
  --trace FILE   play lines of "sender receiver unixSeconds" instead; the line's number is the message's id
  --dir DIR      keep the store in DIR; a trace that was broken off is taken up again there
`

export function readOptions(args: readonly string[]): DemoOptions | 'help' {
  const { values } = parseArgs({
    args: [...args],
    options: {
      seed: { type: 'string', default: '2024' },
      messages: { type: 'string', default: '100000' },
      trace: { type: 'string' },
      dir: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) return 'help'
  return {
    seed: integer('seed', values.seed, 0),
    messages: integer('messages', values.messages, 1),
    directory: values.dir ?? null,
    trace: values.trace ?? null,
  }
}

function integer(name: string, text: string, min: number): number {
  const value = Number(text)
  if (!Number.isSafeInteger(value) || value < min)
    throw new Error(`--${name} must be an integer from ${min} on`)
  return value
}

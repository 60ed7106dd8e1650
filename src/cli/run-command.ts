import { createRequire } from 'node:module'
import { parseArgs } from 'node:util'
import { isColumbaError } from '../index.js'
import type { Command, ExitCode, Terminal } from './command.js'
import { repairCommand } from './repair-command.js'
import { restoredCommand } from './restored-command.js'
import { statsCommand } from './stats-command.js'
import { verifyCommand } from './verify-command.js'

const commands: readonly Command[] = [verifyCommand, repairCommand, restoredCommand, statsCommand]

const help = `Usage: columba COMMAND DIR

${commands.map(({ name, summary }) => `  ${name.padEnd(10)} ${summary}`).join('\n')}

columba COMMAND --help says more, columba --version which version this is.
`

/** Runs one command line and says how it went; prints errors and never throws. */
export async function runCommand(args: readonly string[], terminal: Terminal): Promise<ExitCode> {
  try {
    const { positionals, values } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        help: { type: 'boolean', short: 'h' },
        json: { type: 'boolean' },
        version: { type: 'boolean' },
      },
    })
    const [name, directory, ...others] = positionals
    const command = commands.find((one) => one.name === name)
    if (values.version === true) {
      terminal.out(`${readVersion()}\n`)
      return 0
    }
    if (values.help === true) {
      terminal.out(command?.help ?? help)
      return 0
    }
    if (command === undefined)
      return refuse(name === undefined ? help : `There is no command ${name}.\n\n${help}`)
    if (directory === undefined || others.length > 0) return refuse(command.help)
    return await command.run(directory, { json: values.json === true }, terminal)
  } catch (error) {
    return refuse(`${describe(error)}\n`)
  }

  function refuse(why: string): ExitCode {
    terminal.error(why)
    return 2
  }
}

function readVersion(): string {
  const { version } = createRequire(import.meta.url)('columba/package.json') as { version: string }
  return version
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  if (!isColumbaError(error)) return error.message
  const said = firstCause(error.cause)
  return `${error.code}: ${error.message}${said === undefined ? '' : `\n${said}`}`
}

/** What was said underneath by whoever met it first, which names the file. */
function firstCause(cause: unknown): string | undefined {
  return cause instanceof Error ? (firstCause(cause.cause) ?? cause.message) : undefined
}

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

const options = {
  help: { type: 'boolean', short: 'h' },
  json: { type: 'boolean' },
  version: { type: 'boolean' },
} as const

/** What is wrong with one of the options that were given; undefined if nothing is. */
function wrongOption(
  values: Readonly<Record<string, unknown>>,
  command: Command | undefined,
): string | undefined {
  for (const [name, value] of Object.entries(values)) {
    const option = name.length === 1 ? `-${name}` : `--${name}`
    if (!Object.hasOwn(options, name)) return `There is no option ${option}.`
    if (value !== true) return `The option ${option} takes no value.`
    if (name === 'json' && command?.json === false) return `${command.name} has no option ${option}.`
  }
  return undefined
}

function usageOf(command: Command): string {
  return `${command.help.slice(0, command.help.indexOf('\n'))}\ncolumba ${command.name} --help says more.\n`
}

/** Runs one command line and says how it went; prints errors and never throws. */
export async function runCommand(args: readonly string[], terminal: Terminal): Promise<ExitCode> {
  try {
    // Not strict, since what Node says of an unknown option tells nobody which there are.
    const { positionals, values } = parseArgs({ args: [...args], options, strict: false })
    const asksHelp = positionals[0] === 'help'
    const [name, directory, ...others] = asksHelp ? positionals.slice(1) : positionals
    const command = commands.find((one) => one.name === name)
    const wrong = wrongOption(values, command)
    if (wrong !== undefined) return refuse(`${wrong}\n\n${command === undefined ? help : usageOf(command)}`)
    if (values['version'] === true) {
      terminal.out(`${readVersion()}\n`)
      return 0
    }
    if (command === undefined && name !== undefined) return refuse(`There is no command ${name}.\n\n${help}`)
    if (asksHelp || values['help'] === true) {
      terminal.out(command?.help ?? help)
      return 0
    }
    if (command === undefined) return refuse(help)
    if (directory === undefined || others.length > 0) return refuse(command.help)
    return await command.run(directory, { json: values['json'] === true }, terminal)
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

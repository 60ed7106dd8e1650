#!/usr/bin/env node
import { runCommand } from './run-command.js'

// Without a listener what a stream says would end the process in the middle: with an open store, and with an exit code that
// means findings.
let isUnwritten = false
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  // Whoever closes the pipe, as `head` does, has seen enough.
  if (error.code === 'EPIPE') return
  isUnwritten = true
  process.exitCode = 2
  process.stderr.write(`The output could not be written: ${error.message}\n`)
})
process.stderr.on('error', () => undefined)

const code = await runCommand(process.argv.slice(2), {
  out: (text) => void process.stdout.write(text),
  error: (text) => void process.stderr.write(text),
  columns: process.stderr.isTTY ? process.stderr.columns : undefined,
})
process.exitCode = isUnwritten ? 2 : code

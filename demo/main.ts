import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runDemo } from './demo.js'
import { readOptions, usage } from './options.js'
import type { DemoOptions } from './options.js'

/** 0: everything is as it must be. 1: it is not. 2: the demo was called in a wrong way, or could not be played. */
async function main(args: readonly string[]): Promise<number> {
  let options: DemoOptions | 'help'
  try {
    options = readOptions(args)
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : String(error)}\n\n${usage}`)
    return 2
  }
  if (options === 'help') {
    console.log(usage)
    return 0
  }
  const { directory, trace } = options
  if (directory === null) {
    const location = await mkdtemp(join(tmpdir(), 'columba-demo-'))
    try {
      return (await runDemo(options, location)) ? 0 : 1
    } finally {
      await rm(location, { recursive: true })
    }
  }
  await mkdir(directory, { recursive: true, mode: 0o700 })
  if (trace === null && (await readdir(directory)).length > 0) {
    console.error(`${directory} is not empty: a generated chat begins with an empty store`)
    return 2
  }
  return (await runDemo(options, directory)) ? 0 : 1
}

// Whoever closes the pipe, as `head` does, has seen enough; the demo goes on to its end, and takes away what it has made.
for (const stream of [process.stdout, process.stderr])
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error
  })

try {
  process.exitCode = await main(process.argv.slice(2))
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 2
}

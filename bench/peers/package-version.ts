import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** Compiled files lie in `.build/peers/`, the dependencies two levels up. */
const DEPENDENCIES = fileURLToPath(new URL('../../node_modules/', import.meta.url))

export function packageVersion(name: string): string {
  const manifest = JSON.parse(readFileSync(`${DEPENDENCIES}${name}/package.json`, 'utf8')) as {
    version: string
  }
  return manifest.version
}

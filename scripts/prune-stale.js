// Deletes compiled files whose TypeScript source is gone, so that a renamed or deleted test cannot live on.
// Usage: node scripts/prune-stale.js <compiled folder> <source folder>
import { existsSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'

const [compiled, source] = process.argv.slice(2)
for (const name of readdirSync(compiled, { recursive: true })) {
  const stem = /^(.+?)\.(?:js|js\.map|d\.ts)$/.exec(name)?.[1]
  if (stem !== undefined && !existsSync(join(source, `${stem}.ts`))) rmSync(join(compiled, name))
}

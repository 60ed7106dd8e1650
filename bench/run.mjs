// Everything between a fresh clone and a measurement: installs the benchmark's own dependencies (kept apart, so that the
// library's install stays small), makes `columba` mean the checkout around it, compiles, and runs.
import { spawnSync } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const bench = fileURLToPath(new URL('.', import.meta.url))
const project = join(bench, '..')
const modules = join(bench, 'node_modules')
const lockFile = join(bench, 'package-lock.json')
const installedLock = join(modules, '.installed-package-lock.json')
const compiler = join(project, 'node_modules', 'typescript', 'bin', 'tsc')
const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm'

function run(program, parameters, folder) {
  const { status, error } = spawnSync(program, parameters, { cwd: folder, stdio: 'inherit' })
  if (error) throw error
  if (status !== 0) process.exit(status ?? 1)
}

function require(path, command) {
  if (existsSync(path)) return
  console.error(`${command} in the project's folder first`)
  process.exit(1)
}

require(compiler, 'npm ci')
require(join(project, 'dist', 'index.js'), 'npm run build')

const lock = readFileSync(lockFile, 'utf8')
if (!existsSync(installedLock) || readFileSync(installedLock, 'utf8') !== lock) {
  console.log('installing what the benchmark compares with (once; it compiles SQLite where no build fits)')
  run(npm, ['ci', '--no-audit', '--no-fund'], bench)
  writeFileSync(installedLock, lock)
}

// Not a dependency of the manifest: the lock file would then hold a copy of the project's, to be kept equal for ever.
const link = join(modules, 'columba')
mkdirSync(modules, { recursive: true })
// One that was copied along with the folder leads to the checkout it came from: that one would be measured.
if (!existsSync(link) || realpathSync(link) !== realpathSync(project)) {
  rmSync(link, { recursive: true, force: true })
  symlinkSync(project, link, 'junction')
}

rmSync(join(bench, '.build'), { recursive: true, force: true })
run(process.execPath, [compiler, '-p', bench], project)
run(
  process.execPath,
  ['--enable-source-maps', join(bench, '.build', 'main.js'), ...process.argv.slice(2)],
  project,
)

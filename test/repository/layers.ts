import { parseSync } from 'oxc-parser'
import type { Import, Module } from './modules.js'

interface Layer {
  readonly name: string
  readonly has: (path: string) => boolean
  /** Layers that it may import, besides itself. */
  readonly imports: readonly string[]
  /** Layers of which it may import types, and nothing that runs. */
  readonly types?: readonly string[]
  /** Packages and built-ins that it may import. */
  readonly packages?: readonly string[]
}

const below = (folder: string) => (path: string) => path.startsWith(folder)
const isOneOf = (paths: readonly string[]) => (path: string) => paths.includes(path)

/** What a door may give, and what the tests of a user may need: everything above the formats and the local backend. */
const inDoors = [
  'errors',
  'limits',
  'model',
  'async',
  'backend',
  'reference backend',
  'domain',
  'api',
  'open',
  'platform',
]

/** Below whatever in `local/` puts several of its parts to work. */
const inLocal = [
  'errors',
  'limits',
  'model',
  'async',
  'backend',
  'formats',
  'whole files',
  'local ground',
  'local part',
  'local base',
]

/** Folders of `local/` that stand on its parts, each on the ones before it as well. */
const localFloors = ['reads', 'views', 'writes', 'background']

/** The import rule, one row per layer; a module belongs to the first row that has it. */
const layers: readonly Layer[] = [
  { name: 'errors', has: isOneOf(['src/errors.ts']), imports: [] },
  { name: 'limits', has: isOneOf(['src/limits.ts']), imports: ['errors'] },
  { name: 'model', has: below('src/model/'), imports: ['errors', 'limits'], packages: ['node:crypto'] },
  { name: 'async', has: below('src/async/'), imports: ['errors', 'limits'] },
  {
    // Pure: bytes in, bytes out. The built-ins here have no effect on the world.
    name: 'formats',
    has: below('src/formats/'),
    imports: ['errors', 'limits', 'model'],
    packages: ['node:zlib'],
  },
  {
    // What every file is made with, over the seam that it is given, and what its errors mean: nothing here reaches the
    // system by itself.
    name: 'whole files',
    has: isOneOf([
      'src/platform/system-errors.ts',
      'src/platform/whole-files.ts',
      'src/platform/whole-transfers.ts',
    ]),
    imports: ['errors'],
    types: ['platform'],
    packages: ['node:path'],
  },
  {
    name: 'platform',
    has: below('src/platform/'),
    imports: ['errors', 'async'],
    packages: ['node:crypto', 'node:fs', 'node:fs/promises', 'node:os', 'node:path'],
  },
  {
    // Complete backends for tests and for reading: they may bring their own clock and random numbers.
    name: 'reference backend',
    has: below('src/backend/reference/'),
    imports: ['errors', 'limits', 'model', 'async', 'backend', 'platform'],
  },
  {
    name: 'backend',
    has: below('src/backend/'),
    imports: ['errors', 'limits', 'model', 'async'],
    types: ['platform'],
  },
  {
    name: 'domain',
    has: below('src/domain/'),
    imports: ['errors', 'limits', 'model', 'async', 'backend'],
    types: ['platform'],
    packages: ['node:crypto'],
  },
  {
    // A worker thread cannot be handed the parts that the seams stand for: it makes its own.
    name: 'local worker',
    has: (path) => path.startsWith('src/local/') && path.endsWith('-worker.ts'),
    imports: [...inLocal, 'platform', 'local background'],
    packages: ['node:worker_threads'],
  },
  {
    // What stores of any kind are made with: it knows nothing of this one.
    name: 'local ground',
    has: isOneOf(['src/local/columns.ts', 'src/local/first-index-where.ts']),
    imports: [],
  },
  {
    // What all of them may need to know: settings, names of files, whom to tell.
    name: 'local base',
    has: isOneOf(['src/local/manifest-file.ts', 'src/local/telemetry.ts', 'src/local/tuning.ts']),
    imports: ['errors', 'limits', 'model', 'async', 'backend', 'formats', 'whole files', 'local part'],
    types: ['platform'],
    packages: ['node:path'],
  },
  ...localFloors.map((floor, index): Layer => ({
    name: `local ${floor}`,
    has: below(`src/local/${floor}/`),
    imports: [
      ...inLocal,
      ...localFloors.slice(0, index).map((lower) => `local ${lower}`),
      ...(floor === 'background' ? ['local worker'] : []),
    ],
    types: ['platform'],
    packages: floor === 'background' ? ['node:path', 'node:worker_threads'] : [],
  })),
  {
    name: 'local part',
    has: (path) => /^src\/local\/[^/]+\//.test(path) && !path.startsWith('src/local/offline-repair/'),
    imports: ['errors', 'limits', 'model', 'async', 'backend', 'formats', 'whole files', 'local ground'],
    types: ['platform'],
    packages: ['classic-level', 'node:path', 'node:worker_threads'],
  },
  {
    // Concrete parts are put together here and in `src/api/open.ts`, nowhere else.
    name: 'open local',
    has: isOneOf([
      'src/local/open-local-backend.ts',
      'src/local/assemble.ts',
      'src/local/begin-time-line.ts',
      'src/local/offline-repair/repair-store.ts',
      'src/local/offline-repair/repair-write.ts',
      'src/local/offline-repair/verify-tables.ts',
    ]),
    imports: [...inLocal, 'platform', 'local', ...localFloors.map((floor) => `local ${floor}`)],
    packages: ['node:path'],
  },
  {
    name: 'local',
    has: below('src/local/'),
    imports: [...inLocal, ...localFloors.map((floor) => `local ${floor}`)],
    types: ['platform'],
    packages: ['node:path', 'ulid'],
  },
  {
    name: 'open',
    has: isOneOf(['src/api/open.ts']),
    imports: ['errors', 'limits', 'model', 'async', 'backend', 'domain', 'api', 'open local', 'platform'],
  },
  {
    name: 'api',
    has: below('src/api/'),
    imports: ['errors', 'limits', 'model', 'async', 'backend', 'domain'],
    types: ['platform'],
  },
  {
    // A store in a world of its own is put together here.
    name: 'simulated world',
    has: isOneOf(['src/simulation/simulated-world.ts', 'src/simulation/simulate-store.ts']),
    imports: [...inDoors, 'open local', 'testing'],
    types: ['local base'],
  },
  {
    // What only tests need, of this project and of its users.
    name: 'testing',
    has: (path) => /^src\/(?:conformance|histories|model-checking|simulation)\//.test(path),
    imports: [...inDoors, 'formats'],
    types: ['local part'],
    packages: ['fast-check', 'node:assert/strict', 'node:path'],
  },
  {
    name: 'door',
    has: isOneOf(['src/index.ts', 'src/testing.ts']),
    imports: [...inDoors, 'testing', 'simulated world'],
  },
  {
    // The command line is a user of the package like any other; a repair, and what comes behind restoring, are no calls of the package, but its own.
    name: 'command line',
    has: below('src/cli/'),
    imports: ['door', 'platform', 'formats', 'open local'],
    packages: ['node:module', 'node:path', 'node:util'],
  },
  { name: 'demo', has: below('demo/'), imports: ['door'], packages: ['node:'] },
]

/** What breaks the import rule, one sentence each. */
export function layerViolations(modules: readonly Module[]): string[] {
  return modules.flatMap((module) => {
    const layer = layerOf(module.path)
    if (layer === undefined) return [`${module.path} belongs to no layer`]
    return module.imports
      .filter((one) => !isAllowed(module.path, layer, one))
      .map((one) => `${module.path} (${layer.name}) must not import ${one.kind} ${one.to}`)
  })
}

/** Packages that a layer may import and that nothing in it imports: the table would name what the layer does not use. */
export function unusedPackages(modules: readonly Module[]): string[] {
  return layers.flatMap(({ name, packages = [] }) => {
    const imported = modules
      .filter(({ path }) => layerOf(path)?.name === name)
      .flatMap(({ imports }) => imports.map(({ to }) => to))
    return packages
      .filter((one) => !imported.some((to) => isPackage(one, to)))
      .map((one) => `${name} may import ${one}, and does not`)
  })
}

function isAllowed(from: string, layer: Layer, { to, kind }: Import): boolean {
  if (!/^(?:src|demo)\//.test(to)) {
    return (layer.packages ?? []).some((name) => isPackage(name, to))
  }
  const target = layerOf(to)
  if (target === undefined) return false
  if (target === layer) return layer.name !== 'local part' || partOf(from) === partOf(to)
  return layer.imports.includes(target.name) || (kind === 'type' && (layer.types ?? []).includes(target.name))
}

const isPackage = (allowed: string, to: string): boolean =>
  to === allowed || (allowed === 'node:' && to.startsWith(allowed))

const layerOf = (path: string): Layer | undefined => layers.find((layer) => layer.has(path))

/** The parts inside `local/` are its folders. */
const partOf = (path: string): string | undefined => path.split('/')[2]

/**
 * Each cycle of imports once, as the path around it. Types count: two modules that need each other are one. A worker
 * may import types from the module that starts it.
 */
export function importCycles(modules: readonly Module[]): string[] {
  const byPath = new Map(modules.map((module) => [module.path, module]))
  const done = new Set<string>()
  const cycles: string[] = []
  const visit = (path: string, trail: readonly string[]): void => {
    const start = trail.indexOf(path)
    if (start >= 0) cycles.push([...trail.slice(start), path].join(' → '))
    if (start >= 0 || done.has(path)) return
    for (const { to, kind } of byPath.get(path)?.imports ?? []) {
      if (kind !== 'program') visit(to, [...trail, path])
    }
    done.add(path)
  }
  for (const { path } of modules) visit(path, [])
  return cycles
}

/** A door lists what it gives, name by name, and holds nothing of its own. */
export function doorViolations(path: string, source: string): string[] {
  return parseSync(path, source)
    .program.body.filter((node) => node.type !== 'ExportNamedDeclaration' || node.source === null)
    .map(
      (node) =>
        `${path} is a door and must only list names: ${source.slice(node.start, node.end).split('\n')[0]}`,
    )
}

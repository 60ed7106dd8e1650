import { readFileSync, readdirSync } from 'node:fs'
import { dirname, join, posix } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Visitor, parseSync } from 'oxc-parser'

/** The folder of the project; the compiled tests lie three folders below it. */
export const root = join(dirname(fileURLToPath(import.meta.url)), '../../..')

/** One module and all that it names: imports, re-exports, `import()`, `import('…')` types and worker files. */
export interface Module {
  /** From the root, with slashes: `src/domain/append.ts`. */
  readonly path: string
  readonly imports: readonly Import[]
}

export interface Import {
  /** Another module's path, or a package or built-in as it was written. */
  readonly to: string
  /** A file that is named as a URL runs on its own, in a worker thread or a child process. */
  readonly kind: 'value' | 'type' | 'program'
}

/** All TypeScript files below a folder of the project, sorted. */
export function sourceFiles(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .map((name) => posix.join(folder, name.replaceAll('\\', '/')))
    .filter((path) => path.endsWith('.ts'))
    .toSorted()
}

export function readSource(path: string): string {
  return readFileSync(join(root, path), 'utf8')
}

export function readModule(path: string, source = readSource(path)): Module {
  const imports: Import[] = []
  const add = (specifier: string, kind: Import['kind']): void => {
    imports.push({ to: resolveSpecifier(path, specifier), kind })
  }
  const kindOf = (isType: boolean): Import['kind'] => (isType ? 'type' : 'value')
  const { program, errors } = parseSync(path, source)
  if (errors.length > 0) throw new Error(`${path} does not parse: ${errors[0]?.message}`)
  new Visitor({
    ImportDeclaration(node) {
      const named = node.specifiers
      const types = named.length > 0 && named.every((one) => 'importKind' in one && one.importKind === 'type')
      add(node.source.value, kindOf(node.importKind === 'type' || types))
    },
    ExportNamedDeclaration(node) {
      if (node.source === null) return
      const types = node.specifiers.every((one) => one.exportKind === 'type')
      add(node.source.value, kindOf(node.exportKind === 'type' || types))
    },
    ExportAllDeclaration(node) {
      add(node.source.value, kindOf(node.exportKind === 'type'))
    },
    ImportExpression(node) {
      if (node.source.type === 'Literal') add(String(node.source.value), 'value')
      else throw new Error(`${path} imports a name that is computed`)
    },
    TSImportType(node) {
      add(node.source.value, 'type')
    },
    NewExpression(node) {
      const [file] = node.arguments
      const isUrl = node.callee.type === 'Identifier' && node.callee.name === 'URL'
      if (isUrl && file?.type === 'Literal' && typeof file.value === 'string' && file.value.startsWith('.')) {
        add(file.value, 'program')
      }
    },
  }).visit(program)
  return { path, imports }
}

/** The file that a specifier stands for, if it is relative; else the specifier. */
export function resolveSpecifier(from: string, specifier: string, extension = '.ts'): string {
  if (!specifier.startsWith('.')) return specifier
  return posix.join(posix.dirname(from), specifier).replace(/\.js$/, extension)
}

import { parseSync } from 'oxc-parser'
import type { Statement } from 'oxc-parser'
import { readSource, resolveSpecifier } from './modules.js'

/** A name in a declaration file. */
interface Name {
  readonly path: string
  readonly name: string
}

interface DeclarationFile {
  /** Text of each declaration, without comments; overloads are several texts. */
  readonly declared: ReadonlyMap<string, readonly string[]>
  /** Names that come from another file of the package, by the name that they bear here. */
  readonly imported: ReadonlyMap<string, Name>
}

/**
 * The public surface of the doors as text: for each door the declaration of every name that it gives, then of every
 * name that those need, which users see in types without being able to import it. What an earlier door showed is left out.
 */
export function publicSurface(doors: readonly string[], read: (path: string) => string = readSource): string {
  const files = new Map<string, DeclarationFile>()
  const fileAt = (path: string): DeclarationFile => {
    const file = files.get(path) ?? readDeclarations(path, read(path))
    files.set(path, file)
    return file
  }
  /** Where a name is declared, or undefined if that is in no file of the package. */
  const find = ({ path, name }: Name): Name | undefined => {
    const { declared, imported } = fileAt(path)
    if (declared.has(name)) return { path, name }
    const origin = imported.get(name)
    return origin && find(origin)
  }
  const text = ({ path, name }: Name): string => fileAt(path).declared.get(name)?.join('\n') ?? ''
  const needs = (one: Name): (Name | undefined)[] =>
    [...text(one).matchAll(/[\w$]+/g)].map(([name]) => find({ path: one.path, name }))

  const shown = new Set<string>()
  const notShown = (names: readonly (Name | undefined)[]): Name[] =>
    names.filter((one): one is Name => {
      if (one === undefined) return false
      const before = shown.size
      return shown.add(`${one.path} ${one.name}`).size > before
    })
  const section = (title: string, names: readonly Name[]): string[] =>
    names.length === 0 ? [] : [title, ...names.toSorted(byName).map(text)]

  const sections = doors.flatMap((door) => {
    const given = notShown([...fileAt(door).imported.values()].map(find))
    const seen: Name[] = []
    for (let next = notShown(given.flatMap(needs)); next.length > 0; next = notShown(next.flatMap(needs))) {
      seen.push(...next)
    }
    return [...section(`# ${door}`, given), ...section(`# seen through ${door}`, seen)]
  })
  return `${sections.join('\n\n')}\n`
}

function byName(a: Name, b: Name): number {
  return `${a.name} ${a.path}` < `${b.name} ${b.path}` ? -1 : 1
}

function readDeclarations(path: string, source: string): DeclarationFile {
  const { program, comments, errors } = parseSync(path, source)
  if (errors.length > 0) throw new Error(`${path} does not parse: ${errors[0]?.message}`)
  const declared = new Map<string, string[]>()
  const imported = new Map<string, Name>()
  const addImport = (local: string, specifier: string, name: string): void => {
    if (specifier.startsWith('.'))
      imported.set(local, { path: resolveSpecifier(path, specifier, '.d.ts'), name })
  }
  for (const node of program.body) {
    if (node.type === 'ImportDeclaration') {
      for (const one of node.specifiers) {
        if (one.type === 'ImportSpecifier') addImport(one.local.name, node.source.value, nameOf(one.imported))
      }
    } else if (node.type === 'ExportNamedDeclaration' && node.declaration === null) {
      for (const one of node.specifiers) {
        if (node.source !== null) addImport(nameOf(one.exported), node.source.value, nameOf(one.local))
      }
    } else {
      const text = withoutComments(source, node, comments)
      for (const name of declaredNames(node)) declared.set(name, [...(declared.get(name) ?? []), text])
    }
  }
  return { declared, imported }
}

function declaredNames(node: Statement): string[] {
  if (node.type === 'ExportNamedDeclaration')
    return node.declaration === null ? [] : declaredNames(node.declaration)
  if (node.type === 'VariableDeclaration') {
    return node.declarations.map(({ id }) => (id.type === 'Identifier' ? id.name : ''))
  }
  return 'id' in node && node.id !== null && 'name' in node.id ? [node.id.name] : []
}

interface Range {
  readonly start: number
  readonly end: number
}

function withoutComments(source: string, node: Range, comments: readonly Range[]): string {
  let text = ''
  let at = node.start
  for (const comment of comments) {
    if (comment.start < at || comment.end > node.end) continue
    text += source.slice(at, comment.start)
    at = comment.end
  }
  return (text + source.slice(at, node.end)).replaceAll(/^\s*\n/gm, '').trimEnd()
}

/** The name of an import or export, which may also be written as a string. */
function nameOf(name: { readonly name: string } | { readonly value: unknown }): string {
  return 'name' in name ? name.name : String(name.value)
}

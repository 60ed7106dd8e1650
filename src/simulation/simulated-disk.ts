import type { SeededChance } from '../backend/reference/seeded-chance.js'
import { SimulatedFile } from './simulated-file.js'
import { SimulatedDirectory, type SimulatedNode } from './simulated-directory.js'

/** An error as `node:fs` makes them. */
export function systemError(code: string, operation: string, path: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`${code}: simulated, ${operation} '${path}'`), {
    code,
    path,
    syscall: operation,
  })
}

/** A disk that outlives processes. Paths are absolute, with slashes. */
export class SimulatedDisk {
  readonly root = new SimulatedDirectory()
  /** Paths that were asked for, taken apart: the same ones come again and again. */
  readonly #taken = new Map<string, readonly string[]>()

  /** Null where nothing is; what lies in a file is an error, as everywhere. */
  find(path: string, operation: string): SimulatedNode | null {
    let node: SimulatedNode = this.root
    for (const name of this.#names(path)) {
      if (!(node instanceof SimulatedDirectory)) throw systemError('ENOTDIR', operation, path)
      const next = node.entries.get(name)
      if (next === undefined) return null
      node = next
    }
    return node
  }

  file(path: string, operation: string): SimulatedFile {
    const node = this.find(path, operation)
    if (node === null) throw systemError('ENOENT', operation, path)
    if (!(node instanceof SimulatedFile)) throw systemError('EISDIR', operation, path)
    return node
  }

  directory(path: string, operation: string): SimulatedDirectory {
    const node = this.find(path, operation)
    if (node === null) throw systemError('ENOENT', operation, path)
    if (!(node instanceof SimulatedDirectory)) throw systemError('ENOTDIR', operation, path)
    return node
  }

  /** The directory that a path lies in, and its last name. */
  place(path: string, operation: string): { readonly directory: SimulatedDirectory; readonly name: string } {
    const name = this.#names(path).at(-1)
    if (name === undefined) throw systemError('EINVAL', operation, path)
    return { directory: this.directory(path.slice(0, path.lastIndexOf(name)), operation), name }
  }

  makeDirectory(path: string): void {
    let directory = this.root
    const names = this.#names(path)
    for (const [depth, name] of names.entries()) {
      const node = directory.entries.get(name) ?? new SimulatedDirectory()
      if (!(node instanceof SimulatedDirectory))
        throw systemError(depth === names.length - 1 ? 'EEXIST' : 'ENOTDIR', 'mkdir', path)
      if (!directory.entries.has(name)) directory.link(name, node)
      directory = node
    }
  }

  /** All files, by path. */
  files(): Map<string, SimulatedFile> {
    const found = new Map<string, SimulatedFile>()
    const visit = (directory: SimulatedDirectory, path: string): void => {
      for (const [name, node] of [...directory.entries].sort(([a], [b]) => (a < b ? -1 : 1))) {
        if (node instanceof SimulatedDirectory) visit(node, `${path}/${name}`)
        else found.set(`${path}/${name}`, node)
      }
    }
    visit(this.root, '')
    return found
  }

  /**
   * The power goes: each thing that was not synced is kept with the probability `keep`. In directories for which
   * `inOrder` answers true, entries change in the order of the calls, as on file systems with a journal of metadata.
   * LevelDB needs that: it removes its old manifest without a sync between.
   */
  losePower(keep: number, chance: SeededChance, inOrder: (path: string) => boolean = () => false): void {
    const visit = (directory: SimulatedDirectory, path: string): void => {
      directory.losePower(keep, chance, inOrder(path))
      for (const [name, node] of [...directory.entries].sort(([a], [b]) => (a < b ? -1 : 1))) {
        if (node instanceof SimulatedDirectory) visit(node, `${path}/${name}`)
        else node.losePower(keep, chance)
      }
    }
    visit(this.root, '')
  }

  #names(path: string): readonly string[] {
    let names = this.#taken.get(path)
    if (names === undefined) {
      names = path.split('/').filter((name) => name !== '' && name !== '.')
      this.#taken.set(path, names)
    }
    return names
  }
}

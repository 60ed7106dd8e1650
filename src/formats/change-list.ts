import { ByteReader, ByteWriter, badBytes } from './bytes.js'

/**
 * What changed in one partition during one generation: pointers in ascending order of position, with conversations and
 * users named once in a table.
 *
 *     number of names, names | per entry: position delta, kind u8, name index, second name index or seq
 */
export type StoredChange = { readonly position: number } & (
  | { readonly kind: 'message'; readonly conversation: string; readonly seq: number }
  | { readonly kind: 'read' | 'delivered' | 'member'; readonly conversation: string; readonly user: string }
  | { readonly kind: 'conversation'; readonly conversation: string }
  | { readonly kind: 'contact'; readonly user: string }
  | { readonly kind: 'profile' }
)

const kinds = ['message', 'read', 'delivered', 'member', 'conversation', 'contact', 'profile'] as const

const out = new ByteWriter(4096)
const entries = new ByteWriter(4096)

export function encodeChanges(changes: readonly StoredChange[]): Buffer {
  const names = new Map<string, number>()
  const nameOf = (name: string): number => {
    let index = names.get(name)
    if (index === undefined) names.set(name, (index = names.size))
    return index
  }
  entries.reset()
  let last = 0
  for (const change of changes) {
    entries.varint(change.position - last).u8(kinds.indexOf(change.kind))
    last = change.position
    if ('conversation' in change) entries.varint(nameOf(change.conversation))
    if (change.kind === 'message') entries.varint(change.seq)
    else if ('user' in change) entries.varint(nameOf(change.user))
  }
  out.reset().varint(names.size)
  for (const name of names.keys()) out.string(name)
  return out.raw(entries.finish()).finish()
}

export function decodeChanges(bytes: Buffer): StoredChange[] {
  const r = new ByteReader(bytes)
  const names: string[] = []
  for (let i = r.varint(); i > 0; i--) names.push(r.string())
  const name = (): string => {
    const found = names[r.varint()]
    if (found === undefined) throw badBytes('a list of changes names nobody')
    return found
  }
  const changes: StoredChange[] = []
  let position = 0
  while (r.left > 0) {
    position += r.varint()
    const kind = kinds[r.u8()]
    switch (kind) {
      case 'message':
        changes.push({ position, kind, conversation: name(), seq: r.varint() })
        break
      case 'read':
      case 'delivered':
      case 'member':
        changes.push({ position, kind, conversation: name(), user: name() })
        break
      case 'conversation':
        changes.push({ position, kind, conversation: name() })
        break
      case 'contact':
        changes.push({ position, kind, user: name() })
        break
      case 'profile':
        changes.push({ position, kind })
        break
      case undefined:
        throw badBytes('a list of changes has an unknown kind')
    }
  }
  return changes
}

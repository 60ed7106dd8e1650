/** A key for a map that no other two ids have, whatever characters are in them. */
export function pairKey(one: string, other: string): string {
  return `${one.length} ${one}${other}`
}

/** A key for a map by two ids, in this order: no other two have the same one, whatever characters are in them. */
export function pairKey(one: string, other: string): string {
  return `${one.length} ${one}${other}`
}

import { existsSync } from 'node:fs'

/**
 * Whether there are files where a module expects them. In a bundle they are not, and some modules of those have no place at
 * all.
 */
export function areThere(places: () => readonly URL[]): boolean {
  try {
    return places().every((place) => existsSync(place))
  } catch {
    return false
  }
}

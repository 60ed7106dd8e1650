import { existsSync } from 'node:fs'

/** Whether there is a file where a module expects it. In a bundle it is not, and some modules of those have no place at all. */
export function isThere(place: () => URL): boolean {
  try {
    return existsSync(place())
  } catch {
    return false
  }
}

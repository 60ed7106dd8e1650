import type { PlantedBug } from './planted-bug.js'
import { onlyAComment, plantedBugs } from './planted-bugs.js'

/** The bugs with these numbers (00 is none), all of them without numbers. */
export function planted(numbers?: readonly string[]): readonly PlantedBug[] {
  if (numbers === undefined) return plantedBugs
  return numbers.map((wanted) => {
    const found = [onlyAComment, ...plantedBugs].find(({ number }) => number === wanted)
    if (found === undefined) throw new RangeError(`there is no planted bug ${wanted}`)
    return found
  })
}

/** So many of them, others each day: after a while all have had their turn. */
export function rotating(count: number, day = Math.floor(Date.now() / 86_400_000)): readonly PlantedBug[] {
  const first = (day * count) % plantedBugs.length
  return [...plantedBugs, ...plantedBugs].slice(first, first + count)
}

let made = 0

/** Tells the stores in memory of one process apart: 1, 2, 3, … */
export function nextStoreId(): number {
  made += 1
  return made
}

/**
 * A sustained run on LevelDB counts only when every database is back under so many level-0 files: above, it owes
 * compactions that later writes would pay for.
 */
export const LEVEL0_LIMIT = 4

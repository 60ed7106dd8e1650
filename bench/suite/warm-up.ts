import type { Size } from './benchmark.js'

/**
 * Load at a fixed rate goes on for so long before anything is counted: code is compiled and threads are made, as they are in a
 * server that has run for a while.
 */
export const WARM_UP_SECONDS: Record<Size, number> = { short: 1, full: 5 }

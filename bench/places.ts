import { fileURLToPath } from 'node:url'

/** Compiled files lie in `bench/.build/`. */
const bench = new URL('../', import.meta.url)
const place = (path: string): string => fileURLToPath(new URL(path, bench))

export const RESULTS = place('results/')
export const SCRATCH = place('.scratch/')
export const REPORT = place('../docs/benchmarks.md')
export const README = place('../README.md')
export const PLOTS = place('../docs/benchmarks/')
/** Beside the project, if it is there. */
export const TRACE = place('../../shared/data/CollegeMsg.txt')

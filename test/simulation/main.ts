import { simulate } from './simulation.js'

/** npm run sim -- --seed N [--seeds M] [--trace]: runs M seeds from N on (default: one); stops at the first that finds something. */
const words = process.argv.slice(2)
const given = (name: string): string | undefined => {
  const at = words.indexOf(`--${name}`)
  return at < 0 ? undefined : words[at + 1]
}
const first = Number(given('seed') ?? 1)
const seeds = Number(given('seeds') ?? 1)
const traced = words.includes('--trace')
const began = Date.now()
const sums = { turns: 0, crashes: 0, faults: 0, calls: 0, acknowledged: 0 }
let failed = 0
for (let seed = first; seed < first + seeds; seed++) {
  try {
    const result = await simulate(seed, traced ? (note) => console.log(note) : undefined)
    for (const name of Object.keys(sums) as (keyof typeof sums)[]) sums[name] += result[name]
    if (seeds === 1) console.log(`seed ${seed}: trace ${result.hash}`)
  } catch (error) {
    failed++
    console.log(`seed ${seed} found: ${(error as Error).stack ?? String(error)}`)
    console.log(`replay: npm run sim -- --seed ${seed}`)
    if (!words.includes('--all')) break
  }
  if (seeds > 1 && (seed - first + 1) % 1000 === 0)
    console.log(`${seed - first + 1} seeds, ${Date.now() - began} ms`)
}
console.log(`${seeds} seeds, ${failed} failed, ${Date.now() - began} ms, ${JSON.stringify(sums)}`)
process.exitCode = failed > 0 ? 1 : 0

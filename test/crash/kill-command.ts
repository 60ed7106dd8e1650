import { parseArgs } from 'node:util'
import { killCycles } from './kill.js'

// The long command: `npm run crash:kill -- --cycles 2000 --seed 1`

const { values } = parseArgs({ options: { cycles: { type: 'string' }, seed: { type: 'string' } } })
const cycles = Number(values.cycles ?? 2000)
const seed = Number(values.seed ?? Date.now() % 1_000_000)
const began = Date.now()
console.log(`${cycles} kills, seed ${seed}`)
const result = await killCycles({
  cycles,
  seed,
  onCycle: (done) => {
    if (done.checks % 50 === 0) console.log(`${done.cycles} kills, ${done.checks} checks`)
  },
})
console.log(`${JSON.stringify(result)} in ${Math.round((Date.now() - began) / 1000)} s: every promise kept`)

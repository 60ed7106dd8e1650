import { parseArgs } from 'node:util'
import { toldOf } from './crash-result.js'
import { killCycles } from './kill.js'
import { powerCuts } from './power-cut.js'

// The long commands: `npm run crash:kill -- --cycles 2000 --seed 1` and `npm run crash:power -- --cycles 500`

const ways = { kill: killCycles, power: powerCuts } as const

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { cycles: { type: 'string' }, seed: { type: 'string' } },
})
const way = positionals[0] === 'power' ? 'power' : 'kill'
const cycles = Number(values.cycles ?? (way === 'power' ? 500 : 2000))
const seed = Number(values.seed ?? Date.now() % 1_000_000)
const began = Date.now()
console.log(`${way}: ${cycles} cycles, seed ${seed}`)
const result = await ways[way]({
  cycles,
  seed,
  onCycle: (done) => {
    if (done.checks % 50 === 0) console.log(`${done.cycles} cycles, ${done.checks} checks`)
  },
})
console.log(`${toldOf(result)} in ${Math.round((Date.now() - began) / 1000)} s: every promise kept`)
